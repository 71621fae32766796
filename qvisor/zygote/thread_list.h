/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * All threads of the process but the first, known by the library's own pthread_create(3), as a jail
 * has no /proc to look them up in. No allocation but in a thread's birth.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#define THREADS_MAX 128

struct listed_thread {
	pid_t tid;
	unsigned slot;
};

/* From here on until thread_list_open() new threads wait before they do anything. Returns how many
 * there are, at most THREADS_MAX; more: THREADS_MAX + 1. */
unsigned thread_list_close(struct listed_thread list[static THREADS_MAX]);
void thread_list_open(void);
/* In a forked process: the caller goes on for the thread of that slot. */
void thread_list_inherit(unsigned slot);
