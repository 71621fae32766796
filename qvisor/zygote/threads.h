/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * fork(2) leaves a process with the thread that called it. Here the others come along: each waits
 * in a signal handler while the process forks, and in the child a new kernel thread goes on for it
 * from there, with its stack, its thread-local storage and its registers. What it held it still
 * holds, what it waited for (futex(2)) it waits for again.
 *
 * Of the kernel's own record of a thread only what glibc relies on is made anew: its id in struct
 * pthread, set_robust_list(2), rseq(2), its name. x86_64, glibc. No allocation, no locks.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

/* Once, before any other thread there is: takes SIGILL, which QEMU blocks in none of its threads.
 */
bool threads_init(void);
/* Stops all threads but the caller. `proc`: a directory descriptor of /proc/self, which a fork
 * needs; without (-1) threads that end or begin just now may be left out, who have nothing to do
 * with the guest. NULL, or what is wrong; then they run again. */
const char *threads_park(int proc);
/* In the parent: they run on. */
void threads_release(void);
/* A child process of the caller (CLONE_PARENT: a sibling of it, who is waited for by whom waits
 * for it), with the calling thread only: like fork(2), without the handlers and the clean-up that
 * glibc does for threads that are lost. `flags` are clone(2)'s, those that this relies on with
 * them (launch_filter.h). *pidfd is set in the parent. */
pid_t threads_fork(unsigned long flags, int *pidfd);
/* In the child: the others, too. NULL, or what is wrong. */
const char *threads_revive(void);
