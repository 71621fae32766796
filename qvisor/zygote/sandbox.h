/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU's sandbox (-sandbox) forbids it to fork. So it is kept back, by a seccomp_load(3) of our own
 * that the library's place before libseccomp makes QEMU find, and put on in the child.
 */
#pragma once

/* In the child, before its other threads are there. NULL, or what is wrong. No allocation. */
const char *sandbox_enter(void);
