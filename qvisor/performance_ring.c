/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/performance_ring.h"

#include <glib.h>

#define MINUTE_US (60 * G_USEC_PER_SEC)

struct series {
	struct performance_sample *samples;
	unsigned capacity, next, n;
	struct performance_counters last; /* where the next sample begins */
};

struct performance_ring {
	struct series seconds, minutes;
	bool begun;
	struct performance_sample second_samples[PERFORMANCE_SECONDS];
	struct performance_sample minute_samples[PERFORMANCE_MINUTES];
};

struct performance_ring *performance_ring_new(void)
{
	struct performance_ring *ring = g_new0(struct performance_ring, 1);
	ring->seconds.samples = ring->second_samples;
	ring->seconds.capacity = PERFORMANCE_SECONDS;
	ring->minutes.samples = ring->minute_samples;
	ring->minutes.capacity = PERFORMANCE_MINUTES;
	return ring;
}

void performance_ring_free(struct performance_ring *ring)
{
	g_free(ring);
}

/* A counter that has gone back was begun anew. */
static uint32_t rate(uint64_t now, uint64_t before, double seconds)
{
	double each = now >= before ? (double)(now - before) / seconds : 0;
	return each < UINT32_MAX ? (uint32_t)each : UINT32_MAX;
}

static void series_add(
    struct series *series, const struct performance_counters *now, uint32_t time_s)
{
	const struct performance_counters *last = &series->last;
	double seconds = (double)(now->time_us - last->time_us) / G_USEC_PER_SEC;
	if (seconds <= 0)
		return;
	series->samples[series->next] = (struct performance_sample){
	    .time_s = time_s,
	    .cpu_percent = rate(now->cpu_us, last->cpu_us, seconds) / 1e4F,
	    .private_kib = MIN(now->private_kib, UINT32_MAX),
	    .shared_kib = MIN(now->shared_kib, UINT32_MAX),
	    .read_s = rate(now->disk_read, last->disk_read, seconds),
	    .written_s = rate(now->disk_written, last->disk_written, seconds),
	    .received_s = rate(now->received, last->received, seconds),
	    .sent_s = rate(now->sent, last->sent, seconds),
	    .guest_load1 = (float)now->guest_load1,
	    .guest_memory_kib = MIN(now->guest_memory_kib, UINT32_MAX),
	};
	series->next = (series->next + 1) % series->capacity;
	series->n = MIN(series->n + 1, series->capacity);
	series->last = *now;
}

void performance_ring_add(
    struct performance_ring *ring, const struct performance_counters *counters, uint32_t time_s)
{
	if (!ring->begun) {
		ring->begun = true;
		ring->seconds.last = ring->minutes.last = *counters;
		return;
	}
	series_add(&ring->seconds, counters, time_s);
	if (counters->time_us - ring->minutes.last.time_us >= MINUTE_US)
		series_add(&ring->minutes, counters, time_s);
}

/* From the oldest. */
static const struct performance_sample *series_get(const struct series *series, unsigned i)
{
	return &series
	            ->samples[(series->next + series->capacity - series->n + i) % series->capacity];
}

const struct performance_sample *performance_ring_last(const struct performance_ring *ring)
{
	const struct series *seconds = &ring->seconds;
	return seconds->n ? series_get(seconds, seconds->n - 1) : NULL;
}

struct performance_range performance_ring_since(const struct performance_ring *ring, uint32_t since)
{
	/* Seconds that have dropped nothing yet are all there is. */
	const struct series *seconds = &ring->seconds;
	bool whole = seconds->n < seconds->capacity || series_get(seconds, 0)->time_s <= since;
	const struct series *series = whole ? seconds : &ring->minutes;
	struct performance_range range = {.ring = ring, .step_s = whole ? 1 : 60};
	while (range.first < series->n && series_get(series, range.first)->time_s <= since)
		range.first++;
	range.n = series->n - range.first;
	return range;
}

const struct performance_sample *performance_range_get(
    const struct performance_range *range, unsigned i)
{
	const struct performance_ring *ring = range->ring;
	return series_get(range->step_s == 1 ? &ring->seconds : &ring->minutes, range->first + i);
}
