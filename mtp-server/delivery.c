/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/delivery.h"

#include <glib.h>

#define FLIGHT_MIN 2           /* updates on their way, however slow the line */
#define BLIND_BYTES (4u << 10) /* of an update while nothing is known */
#define QUEUE_US 150000        /* that may wait in the line, beyond what fills it */
#define UPDATE_US 100000       /* that one update may take */
#define LIMIT_MIN (2u << 10)   /* bytes; less is all headers */
#define RTT_LASTS_US 10000000  /* then the line is emptied for another look: routes change */
#define RATE_MAX 1e9           /* bytes a second; an instant has no rate */
#define FORGET 0.95            /* of a rate, each time that a full line delivers less */

void delivery_init(struct delivery *d)
{
	*d = (struct delivery){.rtt_us = INT64_MAX};
}

static struct delivery_update *update_of(struct delivery *d, uint32_t sequence)
{
	return &d->flight[sequence % DELIVERY_FLIGHT_MAX];
}

void delivery_sent(struct delivery *d, size_t bytes, int64_t now_us)
{
	bool alone = delivery_is_idle(d);
	/* A line that was idle delivered nothing because nothing was sent. */
	if (alone)
		d->delivered_us = now_us;
	*update_of(d, ++d->sent) = (struct delivery_update){.bytes = bytes,
	    .sent_us = now_us,
	    .alone = alone,
	    .delivered = d->delivered,
	    .delivered_us = d->delivered_us};
	d->in_flight += bytes;
}

static void take_rtt(struct delivery *d, const struct delivery_update *update, int64_t now_us)
{
	int64_t rtt_us = now_us - update->sent_us;
	if (rtt_us <= d->rtt_us || (d->emptied && update->alone)) {
		d->rtt_us = rtt_us;
		d->rtt_at_us = now_us;
		d->emptied = false;
	} else if (now_us - d->rtt_at_us > RTT_LASTS_US) {
		d->emptied = true;
	}
}

static void take_rate(struct delivery *d, const struct delivery_update *update, int64_t now_us)
{
	double seconds = (double)(now_us - update->delivered_us) / 1e6;
	double bytes = (double)(d->delivered - update->delivered);
	double rate = seconds > 0 ? MIN(bytes / seconds, RATE_MAX) : RATE_MAX;
	if (rate >= d->rate) {
		d->rate = rate;
		return;
	}
	/* Less than could have been delivered says nothing when less had been sent. */
	double could = d->rate * (double)d->rtt_us / 1e6;
	if (bytes >= could)
		d->rate = MAX(rate, d->rate * FORGET);
}

bool delivery_acknowledged(struct delivery *d, uint32_t sequence, int64_t now_us)
{
	if (sequence - d->acknowledged > d->sent - d->acknowledged)
		return false;
	if (sequence == d->acknowledged)
		return true;
	struct delivery_update last = *update_of(d, sequence);
	while (d->acknowledged != sequence) {
		size_t bytes = update_of(d, ++d->acknowledged)->bytes;
		d->in_flight -= bytes;
		d->delivered += bytes;
	}
	d->delivered_us = now_us;
	take_rtt(d, &last, now_us);
	take_rate(d, &last, now_us);
	return true;
}

bool delivery_is_idle(const struct delivery *d)
{
	return d->sent == d->acknowledged;
}

bool delivery_has_room(const struct delivery *d)
{
	uint32_t flight = d->sent - d->acknowledged;
	if (flight == 0)
		return true;
	if (d->emptied || flight >= DELIVERY_FLIGHT_MAX)
		return false;
	double next = (double)(d->in_flight + delivery_limit(d, SIZE_MAX));
	return flight < FLIGHT_MIN || next <= d->rate * ((double)d->rtt_us + QUEUE_US) / 1e6;
}

int64_t delivery_takes_us(const struct delivery *d, size_t bytes)
{
	return d->rate > 0 ? (int64_t)MIN((double)bytes / d->rate * 1e6, 1e12) : 0;
}

size_t delivery_limit(const struct delivery *d, size_t most)
{
	double limit = d->rate == 0 ? BLIND_BYTES : d->rate * UPDATE_US / 1e6;
	return (size_t)CLAMP(limit, (double)LIMIT_MIN, (double)most);
}
