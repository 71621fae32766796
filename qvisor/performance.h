/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The performance agent: looks each second at what the host and each phone that runs have used, and
 * remembers it (performance_ring.h). docs/decisions/135. Main thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "qvisor/performance_counters.h"
#include "qvisor/performance_guest.h"
#include "qvisor/performance_ring.h"

struct host;
struct phone;
struct performance;

/* Of one QEMU, from when it runs until it has ended. */
struct performance_meter {
	pid_t pid;
	struct performance_process process;
	struct performance_counters now;
	struct performance_ring *ring;
	int64_t forgotten_us; /* when smaps_forget() was last called; monotonic, 0: never */
	struct performance_guest guest;
};

struct performance *performance_new(struct host *host);
void performance_free(struct performance *performance);
/* A phone lets go of what was measured of its QEMU. */
void performance_meter_free(struct performance_meter *meter);

const struct performance_ring *performance_host_ring(const struct performance *performance);

/* What the same figures are called of host and phone. */
struct performance_names {
	const char *private, *shared;
	bool guest; /* whether there is one that says something */
};
extern const struct performance_names performance_of_host, performance_of_phone;

/* performance_text.c: members of an open JSON object. All samples after `since` (seconds since
 * 1970) as "step_s" and "samples"; `ring` NULL: none. */
void performance_write_samples(const struct performance_ring *ring, uint32_t since,
    const struct performance_names *names, GString *text);
/* The rates of the newest second; zeros before there is one. */
void performance_write_rates(const struct performance_ring *ring, GString *text);
/* Prometheus' text format (metrics.h): the host and each phone that runs. `data` is the performance
 * agent. */
void performance_collect(void *data, GString *text);

DEFINE_CLEANUP(performance);
