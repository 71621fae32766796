/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a guest says of itself (agent/PROTOCOL.md, usage.get), asked each half a minute: each answer
 * costs a phone that rests some of its rest. It is the guest's word: bounded, shown as its own, and
 * nothing is decided by it. Also what it has sent and received, since passt counts nothing and all
 * phones share its namespace. Main thread.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "qvisor/performance_counters.h"

#define PERFORMANCE_GUEST_S 30

struct phone;

/* What it said at one time. */
struct performance_guest_figures {
	double load1;
	uint64_t uptime_s, memory_kib, memory_available_kib, disk_bytes, disk_used_bytes;
	uint64_t received_bytes, sent_bytes;
};

struct performance_guest {
	int64_t asked_us, told_us; /* monotonic; 0: never */
	bool asking;
	struct performance_guest_figures last, before;
	uint64_t received_first, sent_first; /* where counting began */
};

/* False for an answer that is not as it should be: nothing of it is taken. */
bool performance_guest_parse(JsonObject *answer, struct performance_guest_figures *figures);
/* It has said this at `now_us`. */
void performance_guest_told(struct performance_guest *guest,
    const struct performance_guest_figures *figures, int64_t now_us);
/* Adds its figures to what else was counted at counters->time_us. Bytes appear evenly over the time
 * until it is asked again, that late. */
void performance_guest_count(
    const struct performance_guest *guest, struct performance_counters *counters);
/* Asks if it is time; the answer goes to phone->meter. */
void performance_guest_ask(struct phone *phone);
