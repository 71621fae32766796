/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The rules that ship, as they ship. */
#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "rules/sandbox.h"

#define POOL(total, max)                                                                           \
	"\"user\":\"ann\",\"slot\":\"default\",\"pool\":{\"name\":\"p\",\"template\":\"t\","       \
	"\"ready\":2,\"max\":" #max ",\"total\":" #total "}"
#define PHONE(uuid, state, ready, own, created)                                                    \
	"{\"uuid\":\"" uuid "\",\"host\":\"h\",\"state\":\"" state "\",\"agent_ready\":" #ready    \
	",\"own\":" #own ",\"created\":" #created "}"
#define HOST(id, phones)                                                                           \
	"{\"id\":\"" id "\",\"phones\":" #phones ",\"memory_free_mib\":100,\"room\":2}"

static void check(const char *function, const char *input, const char *expected)
{
	g_autofree char *path = g_strdup_printf("rules/scripts/%s.lua", function);
	g_autofree char *script = NULL;
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonNode) in = json_parse_object(input, -1, &error);
	g_autoptr(JsonNode) out = NULL, wanted = NULL;
	gsize n;

	g_assert_no_error(error);
	g_file_get_contents(path, &script, &n, &error);
	g_assert_no_error(error);
	out = sandbox_call(path, script, n, function, in, &error);
	g_assert_no_error(error);
	/* Members have no order in a Lua table. */
	wanted = json_parse_object(expected, -1, &error);
	g_assert_no_error(error);
	if (!json_node_equal(out, wanted)) {
		g_autofree char *text = json_text(out);

		g_assert_cmpstr(text, ==, expected);
	}
}

static void test_allocate(void)
{
	/* Oldest of those whose agent is ready. */
	check("allocate",
	    "{" POOL(4, 8) ",\"hosts\":[" HOST("h", 4) "],\"phones\":[" PHONE("a", "running", false,
	        false, 1) "," PHONE("b", "running", true, false, 9) "," PHONE("c", "running", true,
	        false, 5) "," PHONE("d", "creating", false, false, 1) "]}",
	    "{\"phone\":\"c\"}");
	/* One's own, even if it is off. */
	check("allocate",
	    "{" POOL(2, 8) ",\"hosts\":[" HOST("h", 4) "],\"phones\":[" PHONE(
	        "a", "running", true, false, 1) "," PHONE("b", "off", false, true, 9) "]}",
	    "{\"phone\":\"b\"}");
	/* None ready: clone on the emptiest host. */
	check("allocate",
	    "{" POOL(2, 8) ",\"hosts\":[" HOST("h", 4) "," HOST("i", 3) "],\"phones\":[" PHONE(
	        "a", "creating", false, false, 1) "]}",
	    "{\"clone\":\"i\"}");
	/* Never above max: wait for the one that is being made. */
	check("allocate",
	    "{" POOL(8, 8) ",\"hosts\":[" HOST("h", 4) "],\"phones\":[" PHONE(
	        "a", "creating", false, false, 1) "]}",
	    "{\"phone\":\"a\"}");
	check("allocate", "{" POOL(8, 8) ",\"hosts\":[" HOST("h", 4) "],\"phones\":[]}",
	    "{\"refuse\":\"all phones of the pool are in use\"}");
	check("allocate", "{" POOL(0, 8) ",\"hosts\":[],\"phones\":[]}",
	    "{\"refuse\":\"no host can clone a phone now\"}");
}

#define COUNTS(ready, creating)                                                                    \
	",\"counts\":{\"ready\":" #ready ",\"creating\":" #creating ",\"leased\":0,\"kept\":0}"

static void test_replenish(void)
{
	check("replenish",
	    "{" POOL(0, 8)
	        COUNTS(0, 0) ",\"spare\":[],\"hosts\":[" HOST("h", 1) "," HOST("i", 0) "]}",
	    "{\"clone\":[\"i\",\"h\"],\"destroy\":[]}");
	check("replenish",
	    "{" POOL(1, 8) COUNTS(0, 1) ",\"spare\":[],\"hosts\":[" HOST("h", 1) "]}",
	    "{\"clone\":[\"h\"],\"destroy\":[]}");
	check("replenish",
	    "{" POOL(2, 8) COUNTS(2, 0) ",\"spare\":[],\"hosts\":[" HOST("h", 1) "]}",
	    "{\"clone\":[],\"destroy\":[]}");
	/* max is near */
	check("replenish",
	    "{" POOL(7, 8) COUNTS(0, 0) ",\"spare\":[],\"hosts\":[" HOST("h", 1) "]}",
	    "{\"clone\":[\"h\"],\"destroy\":[]}");
	check("replenish",
	    "{" POOL(8, 8) COUNTS(0, 0) ",\"spare\":[],\"hosts\":[" HOST("h", 1) "]}",
	    "{\"clone\":[],\"destroy\":[]}");
	/* no host, and more than there is room for */
	check("replenish", "{" POOL(0, 8) COUNTS(0, 0) ",\"spare\":[],\"hosts\":[]}",
	    "{\"clone\":[],\"destroy\":[]}");
	/* pool made smaller */
	check("replenish",
	    "{" POOL(4, 8) COUNTS(4, 0) ",\"hosts\":[" HOST("h",
	        1) "],\"spare\":["
	           "{\"uuid\":\"a\",\"host\":\"h\",\"created\":1},{\"uuid\":\"b\",\"host\":\"h\","
	           "\"created\":2},{\"uuid\":\"c\",\"host\":\"h\",\"created\":3}]}",
	    "{\"clone\":[],\"destroy\":[\"a\",\"b\"]}");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rules/scripts/allocate", test_allocate);
	g_test_add_func("/rules/scripts/replenish", test_replenish);
	return g_test_run();
}
