/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * System calls that a jail has no use for, refused beside QEMU's own filter and whether or not that
 * is there: ways to other processes, to more rights, and into parts of the kernel that few programs
 * enter (seccomp(2), in classic BPF as libseccomp would be a library more). Plain C.
 */
#pragma once

#include <sched.h>
#include <signal.h>
#include <stdbool.h>

/* With which a QEMU that phones are forked from makes them (zygote/threads.h). */
#define LAUNCH_FORK_NAMESPACES                                                                     \
	(CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS)
#define LAUNCH_FORK_FLAGS                                                                          \
	(LAUNCH_FORK_NAMESPACES | CLONE_PARENT | CLONE_PIDFD | CLONE_CHILD_SETTID |                \
	    CLONE_CHILD_CLEARTID | SIGCHLD)

/* For this process and what it becomes; needs PR_SET_NO_NEW_PRIVS. A refused call gets EPERM, one
 * that libraries can do without ENOSYS, and one of another architecture ends the process. `forks`:
 * clone(2) is allowed with LAUNCH_FORK_FLAGS, as with none that makes a namespace. False with
 * errno. */
bool launch_filter_enter(bool forks);
