/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls that a jail has no use for, refused beside QEMU's own filter and whether or not that
 * is there: ways to other processes, to more rights, and into parts of the kernel that few programs
 * enter (seccomp(2), in classic BPF as libseccomp would be a library more). Plain C.
 */
#pragma once

#include <stdbool.h>

/* For this process and what it becomes; needs PR_SET_NO_NEW_PRIVS. A refused call gets EPERM, one
 * that libraries can do without ENOSYS, and one of another architecture ends the process. False
 * with errno. */
bool launch_filter_enter(void);
