/* SPDX-License-Identifier: GPL-2.0-or-later */
/* QEMU's and Linux' own lines, as they were seen. */
#include "qvisor/probe/trace_log.h"

static void test_places(void)
{
	static struct trace_log log;
	trace_log_line(
	    &log, "Invalid read at addr 0xD0001005, size 1, region '(null)', reason: rejected\n");
	trace_log_line(
	    &log, "Invalid read at addr 0xD0001005, size 1, region '(null)', reason: rejected\n");
	trace_log_line(
	    &log, "Invalid write at addr 0xD0001005, size 1, region '(null)', reason: rejected\n");
	trace_log_line(
	    &log, "Invalid read at addr 0x18, size 1, region 'pl031', reason: invalid size\n");
	trace_log_line(&log, "Invalid read at addr , size\n");
	trace_log_line(&log, "pl011: something else\n");
	g_assert_cmpuint(log.count, ==, 2);
	g_assert_cmpuint(log.places[0].address, ==, 0xd0001005);
	g_assert_cmpuint(log.places[0].reads, ==, 2);
	g_assert_cmpuint(log.places[0].writes, ==, 1);
	g_assert_cmpstr(log.places[0].region, ==, "");
	g_assert_cmpstr(log.places[1].region, ==, "pl031");
	/* A guest cannot make us remember without end. */
	for (unsigned i = 0; i < 10 * TRACE_PLACES_MAX; i++) {
		g_autofree char *line = g_strdup_printf(
		    "Invalid read at addr 0x%x, size 4, region '(null)', reason: rejected", i * 4);
		trace_log_line(&log, line);
	}
	g_assert_cmpuint(log.count, ==, TRACE_PLACES_MAX);
	g_assert_cmpuint(log.dropped, ==, 9 * TRACE_PLACES_MAX + 2);
}

static void test_bound(void)
{
	char device[64], driver[64];
	g_assert_true(
	    trace_log_bound("[    1.2] bus: 'virtio': really_probe: bound device virtio0 to driver "
	                    "virtio_gpu\r",
	        device, driver));
	g_assert_cmpstr(device, ==, "virtio0");
	g_assert_cmpstr(driver, ==, "virtio_gpu");
	g_assert_true(
	    trace_log_bound("[    0.7] reg-dummy reg-dummy.0: bus: 'platform': really_probe: bound "
	                    "device to driver reg-dummy\r",
	        device, driver));
	g_assert_cmpstr(device, ==, "reg-dummy.0");
	g_assert_cmpstr(driver, ==, "reg-dummy");
	g_assert_false(trace_log_bound("bound device to driver x", device, driver));
	g_assert_false(trace_log_bound("bound device", device, driver));
}

static void test_nodes(void)
{
	struct trace_log log = {.count = 0};
	trace_log_line(
	    &log, "Invalid read at addr 0x1010, size 4, region '(null)', reason: rejected");
	g_autoptr(JsonNode) nodes =
	    json_from_string("[{\"node\":\"/soc\",\"base\":0,\"size\":65536},"
	                     "{\"node\":\"/soc/mmc@1000\",\"base\":4096,\"size\":256,"
	                     "\"becomes\":\"virtio-blk disk\"}, 7]",
	        NULL);
	g_autoptr(JsonArray) list = trace_log_json(&log, json_node_get_array(nodes));
	JsonObject *place = json_array_get_object_element(list, 0);
	g_assert_cmpstr(json_object_get_string_member(place, "node"), ==, "/soc/mmc@1000");
	g_assert_cmpstr(json_object_get_string_member(place, "address"), ==, "0x1010");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/trace_log/places", test_places);
	g_test_add_func("/trace_log/bound", test_bound);
	g_test_add_func("/trace_log/nodes", test_nodes);
	return g_test_run();
}
