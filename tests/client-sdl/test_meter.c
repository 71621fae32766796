/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/sdl/meter.h"

static void test_rates(void)
{
	struct meter meter = {0};
	struct mtp_session_counters counters = {
	    .updates = 100, .bytes = 1000000, .tiles = {[MTP_TILE_SOLID] = 7}};
	const struct picture picture = {.width = 360, .height = 720};
	int64_t now = 5 * G_USEC_PER_SEC;
	g_autofree char *first = meter_look(&meter, &counters, &picture, now);

	g_assert_cmpstr(first, ==, "360x720\n0.0 updates/s\n0.0 kB/s");
	counters.updates += 30;
	counters.bytes += 24000;
	counters.tiles[MTP_TILE_SOLID] += 1;
	counters.tiles[MTP_TILE_COPY] += 2;
	counters.rtt_us = 12345;
	g_assert_null(meter_look(&meter, &counters, &picture, now + 999999));
	g_autofree char *second = meter_look(&meter, &counters, &picture, now + 2 * G_USEC_PER_SEC);

	g_assert_cmpstr(
	    second, ==, "360x720\n15.0 updates/s\n12.0 kB/s\ndelay 12.3 ms\nsolid 33%\ncopy 67%");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/meter/rates", test_rates);
	return g_test_run();
}
