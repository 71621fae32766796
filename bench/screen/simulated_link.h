/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One direction of a TCP connection over a thin network, on a virtual clock: packets take their
 * time on the line, then the delay; a lost one is sent again a round trip later, and what came
 * after it waits (RFC 9293, 3.8.1: in order). Losses are a seeded random sequence, so a run can be
 * repeated. Times are in microseconds. One thread.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "common/cleanup.h"

#define SIMULATED_LINK_NEVER INT64_MAX

struct simulated_link_options {
	unsigned kbps;   /* 0: as fast as you like */
	unsigned rtt_ms; /* there and back */
	double loss;     /* share of the packets, 0 <= loss < 1 */
	uint32_t seed;
};

struct simulated_link;

struct simulated_link *simulated_link_new(const struct simulated_link_options *options);
void simulated_link_free(struct simulated_link *link);

void simulated_link_send(struct simulated_link *link, int64_t now_us, const void *bytes, size_t n);
/* When something arrives next. */
int64_t simulated_link_due(const struct simulated_link *link);
/* The bytes that have arrived by now, owned by the caller; NULL: none. */
GBytes *simulated_link_receive(struct simulated_link *link, int64_t now_us);

DEFINE_CLEANUP(simulated_link);
