/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Processor time of the calling thread, in nanoseconds: what a piece of work costs, whatever else
 * the machine does. */
#pragma once

#include <stdint.h>
#include <time.h>

static inline int64_t cpu_clock_ns(void)
{
	struct timespec t;
	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}
