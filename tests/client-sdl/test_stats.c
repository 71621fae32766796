/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>

#include "common/json.h"
#include "mtp-client/sdl/stats.h"

static double median_of(unsigned n, ...)
{
	g_autoptr(GArray) values = g_array_new(FALSE, FALSE, sizeof(double));
	va_list list;

	va_start(list, n);
	for (unsigned i = 0; i < n; i++) {
		double value = va_arg(list, double);

		g_array_append_val(values, value);
	}
	va_end(list);
	return stats_median(values);
}

static void test_median(void)
{
	g_assert_cmpfloat(median_of(0), ==, -1);
	g_assert_cmpfloat(median_of(1, 7.0), ==, 7);
	g_assert_cmpfloat(median_of(3, 9.0, 1.0, 5.0), ==, 5);
	g_assert_cmpfloat(median_of(4, 10.0, 1.0, 4.0, 2.0), ==, 3);
}

static void test_json(void)
{
	const struct mtp_session_counters counters = {
	    .updates = 3, .bytes = 4096, .tiles = {1, 0, 2}};
	struct stats stats;

	stats_init(&stats);
	stats.login_ms = 12.5;
	stats_touch(&stats, 40);
	stats_touch(&stats, 20);
	stats_mark(&stats, "here");

	g_autoptr(JsonNode) node = stats_json(&stats, &counters);
	JsonObject *object = json_node_get_object(node);
	JsonObject *touches = json_object_get_object_member(object, "touch_to_change_ms");
	JsonObject *tiles = json_object_get_object_member(object, "tiles");

	g_assert_cmpfloat(json_object_get_double_member(object, "login_ms"), ==, 12.5);
	g_assert_true(json_object_get_null_member(object, "first_frame_ms")); /* never came */
	g_assert_true(json_object_get_null_member(object, "away_ms"));
	g_assert_cmpfloat(json_object_get_double_member(touches, "median"), ==, 30);
	g_assert_cmpuint(
	    json_array_get_length(json_object_get_array_member(touches, "samples")), ==, 2);
	g_assert_cmpint(json_object_get_int_member(object, "frames"), ==, 3);
	g_assert_cmpint(json_object_get_int_member(object, "bytes"), ==, 4096);
	g_assert_cmpint(json_object_get_int_member(tiles, "palette"), ==, 2);
	g_assert_true(
	    json_object_has_member(json_object_get_object_member(object, "marks"), "here"));
	stats_finish(&stats);
}

static void test_bounded(void)
{
	struct stats stats;

	stats_init(&stats);
	for (unsigned i = 0; i < STATS_MAX_SAMPLES + 10; i++)
		stats_touch(&stats, i);
	g_assert_cmpuint(stats.touches->len, ==, STATS_MAX_SAMPLES);
	stats_finish(&stats);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/stats/median", test_median);
	g_test_add_func("/stats/json", test_json);
	g_test_add_func("/stats/bounded", test_bounded);
	return g_test_run();
}
