/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast a viewer's line delivers, and how long it takes, told by acknowledgements: so that what
 * is on its way fills the line and does not queue in it. Rate and round trip are estimated as BBR
 * does (Cardwell and others, "BBR: Congestion-Based Congestion Control", ACM Queue 14(5), 2016,
 * section "Estimating delivery rate"); the unit is an update instead of a packet. Pure arithmetic
 * on times in microseconds that the caller tells. What a liar acknowledges changes its own line's
 * figures, within bounds, and nothing else.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define DELIVERY_FLIGHT_MAX 16 /* updates un-acknowledged */

struct delivery_update {
	size_t bytes;
	int64_t sent_us;
	bool alone; /* nothing else was on its way */
	/* When it was sent: what had been delivered, and when the last of that was. */
	uint64_t delivered;
	int64_t delivered_us;
};

struct delivery {
	struct delivery_update flight[DELIVERY_FLIGHT_MAX]; /* by sequence number */
	uint32_t sent, acknowledged;                        /* sequence numbers */
	size_t in_flight;                                   /* bytes */
	uint64_t delivered;                                 /* bytes */
	int64_t delivered_us;
	double rate;    /* bytes a second; 0: not known yet */
	int64_t rtt_us; /* the shortest lately */
	int64_t rtt_at_us;
	bool emptied; /* one update at a time, until one has told the round trip anew */
};

/* Nothing has been sent: sequence numbers begin with 1. */
void delivery_init(struct delivery *delivery);
/* The next update has been sent. */
void delivery_sent(struct delivery *delivery, size_t bytes, int64_t now_us);
/* All up to this one have been decoded. False: it was never sent. */
bool delivery_acknowledged(struct delivery *delivery, uint32_t sequence, int64_t now_us);

/* Is there room on the line for another one? */
bool delivery_has_room(const struct delivery *delivery);
/* How long the line takes for so many bytes; 0 while nothing is known. */
int64_t delivery_takes_us(const struct delivery *delivery, size_t bytes);
bool delivery_is_idle(const struct delivery *delivery); /* nothing is on its way */
/* What an update should be at most, so that the newest picture is never far behind: in bytes, at
 * most `most`. */
size_t delivery_limit(const struct delivery *delivery, size_t most);
