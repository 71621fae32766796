/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A manifest's gestures, what QEMU is told of one, and how pictures are compared. */
#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/gesture.h"
#include "qvisor/picture.h"

#define SWIPE "{\"from\":[400,1000],\"to\":[400,500],\"ms\":60,\"rest_ms\":0}"

static bool parse(
    const char *list, struct gesture gestures[static GESTURES_MAX], unsigned *count, GError **error)
{
	g_autofree char *text = g_strdup_printf("{\"rehearsal\":%s}", list);
	g_autoptr(JsonNode) node = json_parse_object(text, -1, NULL);
	g_assert_nonnull(node);
	JsonArray *array = json_object_get_array_member(json_node_get_object(node), "rehearsal");
	return gestures_parse(array, gestures, count, error);
}

static void test_parses(void)
{
	struct gesture gestures[GESTURES_MAX], again[GESTURES_MAX] = {0};
	unsigned count = 0, count_again = 0;
	g_autoptr(GError) error = NULL;
	g_assert_true(parse("[]", gestures, &count, &error));
	g_assert_cmpuint(count, ==, 0);
	g_assert_true(parse("[" SWIPE "," SWIPE "]", gestures, &count, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(count, ==, 2);
	g_assert_cmpuint(gestures[1].from[1], ==, 1000);
	g_autoptr(JsonNode) node = json_node_of_array(gestures_json(gestures, count));
	g_assert_true(gestures_parse(json_node_get_array(node), again, &count_again, &error));
	g_assert_cmpmem(again, count * sizeof(*again), gestures, count * sizeof(*gestures));
}

static void test_refuses(void)
{
	static const char *const bad[] = {"[7]", "[{}]",
	    "[{\"from\":[400],\"to\":[400,500],\"ms\":60,\"rest_ms\":0}]",
	    "[{\"from\":[400,1001],\"to\":[400,500],\"ms\":60,\"rest_ms\":0}]",
	    "[{\"from\":[400,-1],\"to\":[400,500],\"ms\":60,\"rest_ms\":0}]",
	    "[{\"from\":[400,\"1\"],\"to\":[400,500],\"ms\":60,\"rest_ms\":0}]",
	    "[{\"from\":[400,[1]],\"to\":[400,500],\"ms\":60,\"rest_ms\":0}]",
	    "[{\"from\":[400,900],\"to\":[400,500],\"ms\":0,\"rest_ms\":0}]",
	    "[{\"from\":[400,900],\"to\":[400,500],\"ms\":60,\"rest_ms\":30001}]",
	    "[{\"from\":[400,900],\"to\":[400,500],\"ms\":60,\"rest_ms\":0,\"x\":1}]"};
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		struct gesture gestures[GESTURES_MAX];
		unsigned count;
		g_autoptr(GError) error = NULL;
		g_test_message("%s", bad[i]);
		g_assert_false(parse(bad[i], gestures, &count, &error));
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
		g_assert_nonnull(strstr(error->message, "rehearsal: number 1: "));
	}
	struct gesture gestures[GESTURES_MAX];
	unsigned count;
	g_autoptr(GError) error = NULL;
	g_autoptr(GString) many = g_string_new("[" SWIPE);
	for (unsigned i = 0; i < GESTURES_MAX; i++)
		g_string_append(many, "," SWIPE);
	g_string_append_c(many, ']');
	g_assert_false(parse(many->str, gestures, &count, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
}

static void check_event(const struct gesture *gesture, unsigned step, const char *wanted)
{
	g_autoptr(JsonNode) node = json_node_of(gesture_event(gesture, step));
	g_autofree char *text = json_text(node);
	g_assert_cmpstr(text, ==, wanted);
}

#define MTT(TYPE, ID, AXIS, VALUE)                                                                 \
	"{\"type\":\"mtt\",\"data\":{\"type\":\"" TYPE "\",\"slot\":0,\"tracking-id\":" ID         \
	",\"axis\":\"" AXIS "\",\"value\":" VALUE "}}"
#define BUTTON(DOWN) "{\"type\":\"btn\",\"data\":{\"button\":\"touch\",\"down\":" DOWN "}}"

static void test_events(void)
{
	const struct gesture swipe = {{400, 1000}, {400, 500}, 60, 0},
	                     tap = {{0, 0}, {0, 0}, 20, 0};
	g_assert_cmpuint(gesture_steps(&swipe), ==, 4);
	check_event(&swipe, 0,
	    "{\"events\":[" MTT("begin", "0", "x", "0") "," MTT("data", "0", "x", "13106") "," MTT(
	        "data", "0", "y", "32767") "," BUTTON("true") "]}");
	check_event(&swipe, 1,
	    "{\"events\":[" MTT("update", "0", "x", "0") "," MTT("data", "0", "x", "13106") "," MTT(
	        "data", "0", "y", "24575") "]}");
	check_event(&swipe, 2,
	    "{\"events\":[" MTT("update", "0", "x", "0") "," MTT("data", "0", "x", "13106") "," MTT(
	        "data", "0", "y", "16383") "]}");
	check_event(&swipe, 3, "{\"events\":[" MTT("end", "-1", "x", "0") "," BUTTON("false") "]}");
	g_assert_cmpuint(gesture_steps(&tap), ==, 2);
	check_event(&tap, 1, "{\"events\":[" MTT("end", "-1", "x", "0") "," BUTTON("false") "]}");
}

static void test_pictures(void)
{
	uint8_t black[2000] = {0}, other[2000] = {0};
	g_autoptr(GBytes) a = g_bytes_new_static(black, sizeof(black));
	g_autoptr(GBytes) same = g_bytes_new(black, sizeof(black));
	g_autoptr(GBytes) shorter = g_bytes_new(black, sizeof(black) - 1);
	g_autoptr(GBytes) empty = g_bytes_new(NULL, 0);
	g_assert_cmpuint(picture_difference(a, same), ==, 0);
	g_assert_cmpuint(picture_difference(a, shorter), ==, 1000);
	g_assert_cmpuint(picture_difference(empty, empty), ==, 1000);
	other[7] = 1; /* however little it is */
	g_autoptr(GBytes) one = g_bytes_new(other, sizeof(other));
	g_assert_cmpuint(picture_difference(a, one), ==, 1);
	memset(other, 255, sizeof(other) / 4);
	g_autoptr(GBytes) quarter = g_bytes_new(other, sizeof(other));
	g_assert_cmpuint(picture_difference(a, quarter), ==, 250);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/gesture/parses", test_parses);
	g_test_add_func("/gesture/refuses", test_refuses);
	g_test_add_func("/gesture/events", test_events);
	g_test_add_func("/gesture/pictures", test_pictures);
	return g_test_run();
}
