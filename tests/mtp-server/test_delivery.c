/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A line of this test, with a rate and a delay, and what is found out about it. */
#include "mtp-server/delivery.h"

#include <glib.h>

#define MS 1000
#define SECOND 1000000

struct line {
	struct delivery delivery;
	double rate; /* bytes a second */
	int64_t rtt_us;
	int64_t now_us, free_us;
	int64_t arrivals[DELIVERY_FLIGHT_MAX]; /* of acknowledgements, by sequence */
	size_t limit;                          /* of the last update */
};

/* Sends whenever there is room, for so long. */
static void run(struct line *l, int64_t lasts_us)
{
	struct delivery *d = &l->delivery;
	for (int64_t end = l->now_us + lasts_us; l->now_us < end; l->now_us += MS) {
		while (!delivery_is_idle(d) &&
		       l->arrivals[(d->acknowledged + 1) % DELIVERY_FLIGHT_MAX] <= l->now_us)
			g_assert_true(delivery_acknowledged(d, d->acknowledged + 1, l->now_us));
		while (delivery_has_room(d)) {
			l->limit = delivery_limit(d, 1 << 20);
			delivery_sent(d, l->limit, l->now_us);
			l->free_us = MAX(l->free_us, l->now_us) +
			             (int64_t)((double)l->limit / l->rate * SECOND);
			l->arrivals[d->sent % DELIVERY_FLIGHT_MAX] = l->free_us + l->rtt_us;
		}
	}
}

static void check(double kbps, int64_t rtt_ms)
{
	struct line l = {.rate = kbps * 1000 / 8, .rtt_us = rtt_ms * MS};
	delivery_init(&l.delivery);
	run(&l, 20 * SECOND);
	uint64_t before = l.delivery.delivered;
	run(&l, 20 * SECOND);
	double rate = (double)(l.delivery.delivered - before) / 20;
	/* The line is full, and what waits in it waits for a second at most. */
	g_assert_cmpfloat(rate, >, 0.8 * l.rate);
	g_assert_cmpfloat(l.delivery.rate, >, 0.7 * l.rate);
	g_assert_cmpfloat(l.delivery.rate, <, 1.5 * l.rate);
	g_assert_cmpint(l.free_us - l.now_us, <, SECOND);
}

static void test_lines(void)
{
	check(64, 600);
	check(256, 100);
	check(2000, 40);
	check(20000, 10);
}

/* A line that becomes ten times slower is noticed. */
static void test_slower(void)
{
	struct line l = {.rate = 1e6, .rtt_us = 50 * MS};
	delivery_init(&l.delivery);
	run(&l, 5 * SECOND);
	g_assert_cmpuint(l.limit, >, 90000);
	l.rate = 1e5;
	run(&l, 20 * SECOND);
	g_assert_cmpuint(l.limit, <, 50000);
	/* And faster again. */
	l.rate = 1e6;
	run(&l, 20 * SECOND);
	g_assert_cmpuint(l.limit, >, 90000);
}

/* Idle, or with little to say: what was known is kept. */
static void test_idle(void)
{
	struct delivery d;
	delivery_init(&d);
	int64_t now = 0;
	for (unsigned i = 0; i < 100; i++) {
		delivery_sent(&d, 100000, now);
		g_assert_true(delivery_acknowledged(&d, d.sent, now += 100 * MS));
	}
	double rate = d.rate;
	for (unsigned i = 0; i < 100; i++) {
		delivery_sent(&d, 50, now += SECOND);
		g_assert_true(delivery_acknowledged(&d, d.sent, now + 100 * MS));
	}
	g_assert_cmpfloat(d.rate, ==, rate);
}

static void test_liars(void)
{
	struct delivery d;
	delivery_init(&d);
	/* The future, and the past. */
	g_assert_false(delivery_acknowledged(&d, 1, 0));
	g_assert_false(delivery_acknowledged(&d, UINT32_MAX, 0));
	delivery_sent(&d, 1000, 0);
	delivery_sent(&d, 1000, 0);
	g_assert_false(delivery_has_room(&d));
	g_assert_false(delivery_acknowledged(&d, 3, 0));
	g_assert_true(delivery_acknowledged(&d, 2, 0));
	g_assert_false(delivery_acknowledged(&d, 1, 0));
	g_assert_true(delivery_acknowledged(&d, 2, 0));
	g_assert_cmpuint(d.in_flight, ==, 0);
	/* An instant: no rate is infinite, no update larger than the largest, no flight endless. */
	g_assert_cmpuint(delivery_limit(&d, 1 << 20), ==, 1 << 20);
	unsigned flight = 0;
	for (; delivery_has_room(&d); flight++)
		delivery_sent(&d, 1, 0);
	g_assert_cmpuint(flight, <=, DELIVERY_FLIGHT_MAX);
	/* Never: nothing more is sent. */
	g_assert_false(delivery_has_room(&d));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/delivery/lines", test_lines);
	g_test_add_func("/delivery/slower", test_slower);
	g_test_add_func("/delivery/idle", test_idle);
	g_test_add_func("/delivery/liars", test_liars);
	return g_test_run();
}
