/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What was used when: the last five minutes by the second and the last day by the minute, in memory
 * of a fixed size (70 KB). Knows no clock: who adds says when. Main thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "qvisor/performance_counters.h"

#define PERFORMANCE_SECONDS 300
#define PERFORMANCE_MINUTES 1440

/* Of one step: means, and memory as it was at its end. */
struct performance_sample {
	uint32_t time_s; /* its end, since 1970 */
	float cpu_percent;
	uint32_t private_kib, shared_kib;
	uint32_t read_s, written_s, received_s, sent_s; /* bytes a second */
	float guest_load1;
	uint32_t guest_memory_kib;
};

struct performance_ring;

struct performance_ring *performance_ring_new(void);
void performance_ring_free(struct performance_ring *ring);

/* Once a second. The first counters are where counting begins, and make no sample. */
void performance_ring_add(
    struct performance_ring *ring, const struct performance_counters *counters, uint32_t time_s);

/* The newest second; NULL before there is one. Borrowed until the next add. */
const struct performance_sample *performance_ring_last(const struct performance_ring *ring);

/* Which samples reach back to `since`: those of seconds if they do, or of minutes. They are
 * numbered from the oldest one after `since`. */
struct performance_range {
	const struct performance_ring *ring;
	unsigned step_s, first, n;
};
struct performance_range performance_ring_since(
    const struct performance_ring *ring, uint32_t since);
const struct performance_sample *performance_range_get(
    const struct performance_range *range, unsigned i);

DEFINE_CLEANUP(performance_ring);
