/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a script can do to the sandbox within one process: everything here must end by itself with
 * a message. What never ends is the business of the owner's deadline (tests/pool/test_rule_child).
 */
#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "rules/sandbox.h"

static JsonNode *call(const char *script, const char *input, GError **error)
{
	g_autoptr(JsonNode) in = json_parse_object(input, -1, NULL);

	g_assert_nonnull(in);
	return sandbox_call("@test", script, strlen(script), "allocate", in, error);
}

static void check_result(const char *script, const char *input, const char *expected)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonNode) out = call(script, input, &error);
	g_autoptr(JsonNode) wanted = NULL;

	g_assert_no_error(error);
	/* Members have no order in a Lua table. */
	wanted = json_parse_object(expected, -1, &error);
	g_assert_no_error(error);
	if (!json_node_equal(out, wanted)) {
		g_autofree char *text = json_text(out);

		g_assert_cmpstr(text, ==, expected);
	}
}

static void check_error(const char *script, const char *part)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonNode) out = call(script, "{}", &error);

	g_assert_null(out);
	g_assert_nonnull(error);
	if (!strstr(error->message, part))
		g_error("'%s' does not say '%s'", error->message, part);
	g_assert_cmpuint(strlen(error->message), <, 2048);
	g_assert_true(g_utf8_validate(error->message, -1, NULL));
}

static void test_values(void)
{
	check_result("function allocate(i) return {phone = i.phones[2].uuid, n = #i.phones} end",
	    "{\"phones\":[{\"uuid\":\"a\"},{\"uuid\":\"b\"}]}", "{\"phone\":\"b\",\"n\":2}");
	check_result("function allocate(i) return {n = i.none == nil, x = i.f * 2} end",
	    "{\"none\":null,\"f\":0.25}", "{\"n\":true,\"x\":0.5}");
	check_result("function allocate(i) return {list = {}} end", "{}", "{\"list\":[]}");
	check_result("function allocate(i) return {} end", "{}", "{}");
	check_result("function allocate(i) return {big = i.big} end", "{\"big\":9007199254740993}",
	    "{\"big\":9007199254740993}");
}

static void test_wrong_types(void)
{
	check_error("function allocate() return 5 end", "returned a number, not a table");
	check_error("function allocate() return nil end", "returned a nil");
	check_error("function allocate() end", "returned a nil");
	check_error("function allocate() return {phone = print or tostring} end", "a function");
	check_error("function allocate() return {x = 0/0} end", "not finite");
	check_error("function allocate() return {x = math.huge} end", "not finite");
	check_error("function allocate() return {x = '\\xff'} end", "not UTF-8");
	check_error("function allocate() return {[{}] = 1} end", "keys");
	check_error("function allocate() local t = {} t.t = t return t end", "nested deeper");
	check_error("allocate = 5", "no function 'allocate'");
	check_error("", "no function 'allocate'");
	check_error("function allocate(", "test:1:");
	check_error("function allocate() error({}) end", "raised a table");
	check_error("function allocate() error(nil) end", "raised a nil");
	check_error("function allocate() error(string.rep('x', 1000000)) end", "xxx");
	check_error("function allocate() error('\\xff\\xfe') end", "\xef\xbf\xbd");
}

static void test_forbidden(void)
{
	static const char *const names[] = {"os", "io", "debug", "package", "coroutine", "utf8",
	    "require", "load", "loadfile", "dofile", "loadstring", "print", "warn",
	    "collectgarbage"};

	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *script =
		    g_strdup_printf("function allocate() return {t = type(%s)} end", names[i]);

		check_result(script, "{}", "{\"t\":\"nil\"}");
	}
	check_error("function allocate() return {t = string.dump(allocate)} end", "nil value");
	check_error("function allocate() os.execute('id') end", "nil value (global 'os')");
	check_error("function allocate() io.open('/etc/passwd') end", "nil value (global 'io')");
	check_error("require('os')", "nil value (global 'require')");
	/* Bytecode: the interpreter would believe anything in it. */
	check_error("\x1bLuaT", "attempt to load a binary chunk");
}

static void test_bounds(void)
{
	check_error("function allocate() local t = {} for i = 1, 1e9 do t[i] = i end end",
	    "not enough memory");
	check_error(
	    "function allocate() return {x = string.rep('x', 1e9)} end", "not enough memory");
	check_error("function allocate() local s = 'x' while true do s = s .. s end end",
	    "not enough memory");
	check_error("function allocate() return {x = string.rep('x', 1e6)} end", "64 KiB");
	check_error("function allocate() local t = {} for i = 1, 5000 do t[i] = i end "
	            "return {t = t} end",
	    "4096 values");
	/* Shared, not deep: 2^20 values when written out. */
	check_error("function allocate() local t = {1} for i = 1, 6 do "
	            "t = {t,t,t,t,t,t,t,t,t,t} end return {t = t} end",
	    "4096 values");
	check_error("function allocate() return allocate() + 1 end", "");
	check_error("function f(x) return 1 + f(x) end function allocate() f() end", "");
	check_error("local t = setmetatable({}, {}) getmetatable(t).__index = function(t, k) "
	            "return t[k] end function allocate() return t.x end",
	    "");
	check_error(
	    "function allocate() return {x = string.rep('(', 1000):find(string.rep('(', 1000))} "
	    "end",
	    "captures");
}

/* Each call has a state of its own. */
static void test_nothing_stays(void)
{
	const char *script = "n = (n or 0) + 1 "
	                     "function allocate() string.seen = (string.seen or 0) + 1 "
	                     "return {n = n, seen = string.seen} end";

	for (int i = 0; i < 3; i++)
		check_result(script, "{}", "{\"n\":1,\"seen\":1}");
}

static void test_check(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *big = g_strnfill(SANDBOX_MAX_SCRIPT + 1, ' ');

	g_assert_true(sandbox_check("@s", "x = 1", 5, &error));
	g_assert_no_error(error);
	g_assert_false(sandbox_check("@s", "x = = 1", 7, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_clear_error(&error);
	g_assert_false(sandbox_check("@s", big, SANDBOX_MAX_SCRIPT + 1, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_TOO_LARGE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rules/sandbox/values", test_values);
	g_test_add_func("/rules/sandbox/wrong-types", test_wrong_types);
	g_test_add_func("/rules/sandbox/forbidden", test_forbidden);
	g_test_add_func("/rules/sandbox/bounds", test_bounds);
	g_test_add_func("/rules/sandbox/nothing-stays", test_nothing_stays);
	g_test_add_func("/rules/sandbox/check", test_check);
	return g_test_run();
}
