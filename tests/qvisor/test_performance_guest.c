/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is believed of a guest's own figures, and how its bytes are spread over time. */
#include "qvisor/performance_guest.h"

#include "common/json.h"

#define SECOND G_USEC_PER_SEC

static const char good[] =
    "{\"load1\":0.52,\"uptime_s\":60,\"memory_kib\":1000,\"memory_available_kib\":400,"
    "\"disk_bytes\":9007199254740992,\"disk_used_bytes\":5,\"received_bytes\":3000,\"sent_bytes\":"
    "300}";

static bool parse(const char *text, struct performance_guest_figures *figures)
{
	g_autoptr(JsonNode) node = json_parse_object(text, -1, NULL);
	g_assert_nonnull(node);
	return performance_guest_parse(json_node_get_object(node), figures);
}

static void test_parse(void)
{
	static const char *const wrong[][2] = {
	    {"0.52", "-1"},
	    {"0.52", "1e7"},
	    {"0.52", "\"0.52\""},
	    {"0.52", "null"},
	    {"0.52", "[0.52]"},
	    {"\"uptime_s\":60,", ""},
	    {"60", "-60"},
	    {"60", "6.5"},
	    {"400", "1001"},
	    {"9007199254740992", "9007199254740993"},
	    {"\"disk_used_bytes\":5", "\"disk_used_bytes\":9007199254740993"},
	    {"3000", "true"},
	    {"300}", "{}}"},
	};
	struct performance_guest_figures figures = {0};
	g_assert_true(parse(good, &figures));
	g_assert_cmpfloat_with_epsilon(figures.load1, 0.52, 1e-9);
	g_assert_cmpuint(figures.uptime_s, ==, 60);
	g_assert_cmpuint(figures.memory_available_kib, ==, 400);
	g_assert_cmpuint(figures.disk_bytes, ==, UINT64_C(1) << 53);
	g_assert_cmpuint(figures.sent_bytes, ==, 300);
	for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GString) text = g_string_new(good);
		struct performance_guest_figures none = {.uptime_s = 7};
		g_assert_cmpuint(g_string_replace(text, wrong[i][0], wrong[i][1], 1), ==, 1);
		g_assert_false(parse(text->str, &none));
		g_assert_cmpuint(none.uptime_s, ==, 7);
	}
}

static struct performance_counters count(const struct performance_guest *guest, unsigned second)
{
	struct performance_counters counters = {.time_us = second * SECOND};
	performance_guest_count(guest, &counters);
	return counters;
}

/* Bytes count from the first answer, and come evenly until the next may be there. */
static void test_count(void)
{
	struct performance_guest guest = {0};
	struct performance_guest_figures figures = {0};
	g_assert_true(parse(good, &figures));
	g_assert_cmpuint(count(&guest, 1).guest_memory_kib, ==, 0);
	performance_guest_told(&guest, &figures, 10 * SECOND);
	g_assert_cmpuint(count(&guest, 40).received, ==, 0);
	g_assert_cmpuint(count(&guest, 40).guest_memory_kib, ==, 600);
	g_assert_cmpfloat_with_epsilon(count(&guest, 40).guest_load1, 0.52, 1e-9);
	figures.received_bytes += 300;
	figures.sent_bytes += 3000;
	performance_guest_told(&guest, &figures, 40 * SECOND);
	g_assert_cmpuint(count(&guest, 39).received, ==, 0);
	g_assert_cmpuint(count(&guest, 40).received, ==, 0);
	g_assert_cmpuint(count(&guest, 55).received, ==, 150);
	g_assert_cmpuint(count(&guest, 55).sent, ==, 1500);
	g_assert_cmpuint(count(&guest, 70).received, ==, 300);
	g_assert_cmpuint(count(&guest, 1000).received, ==, 300);
}

static void test_booted(void)
{
	struct performance_guest guest = {0};
	struct performance_guest_figures figures = {.received_bytes = 5000, .sent_bytes = 5000};
	performance_guest_told(&guest, &figures, 10 * SECOND);
	figures.received_bytes = 20;
	figures.sent_bytes = 10;
	performance_guest_told(&guest, &figures, 40 * SECOND);
	g_assert_cmpuint(count(&guest, 41).received, ==, 20);
	g_assert_cmpuint(count(&guest, 41).sent, ==, 10);
	figures.received_bytes = 50;
	performance_guest_told(&guest, &figures, 70 * SECOND);
	g_assert_cmpuint(count(&guest, 85).received, ==, 35);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/performance_guest/parse", test_parse);
	g_test_add_func("/performance_guest/count", test_count);
	g_test_add_func("/performance_guest/booted", test_booted);
	return g_test_run();
}
