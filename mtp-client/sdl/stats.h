/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What one run of the client measured: times, touches, and what the decoder counted. */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdint.h>

#include "mtp-client/core/session.h"

#define STATS_MAX_SAMPLES 1024 /* more are counted, not kept */
#define STATS_MAX_MARKS 256

struct stats {
	/* Milliseconds; negative: never happened. */
	double login_ms;       /* POST /v1/login */
	double session_ms;     /* POST /v1/sessions: the phone is allocated */
	double connect_ms;     /* TCP connect begun to WELCOME */
	double first_frame_ms; /* sign-in begun to first whole picture decoded */
	double away_ms;        /* the longest from a stream that was lost to the next picture */
	unsigned reconnects;
	GArray *touches; /* of double: touch sent to changed picture decoded */
	JsonObject *marks;
	int64_t begin_us; /* monotonic: sign-in begun */
};

void stats_init(struct stats *stats);
void stats_finish(struct stats *stats);

void stats_touch(struct stats *stats, double ms);
/* Time stamp under a name, from the beginning of sign-in. */
void stats_mark(struct stats *stats, const char *name);

/* Middle value (mean of the two middle ones); -1 when empty. Sorts a copy. */
double stats_median(const GArray *values);

JsonNode *stats_json(const struct stats *stats, const struct mtp_session_counters *counters);
