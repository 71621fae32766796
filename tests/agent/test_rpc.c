/* SPDX-License-Identifier: GPL-2.0-or-later */
/* JSON-RPC on a line: what is answered, byte by byte, to good and hostile requests. */
#include "agent/rpc.h"

#include <glib.h>
#include <string.h>

static unsigned calls;

static bool echo(
    void *context, struct json_object *params, struct json_object **result, struct rpc_error *error)
{
	const char *text;
	(void)context;
	calls++;
	if (!rpc_string(params, "text", &text, error))
		return false;
	*result = json_object_new_string(text);
	return true;
}

static bool nothing(
    void *context, struct json_object *params, struct json_object **result, struct rpc_error *error)
{
	(void)context;
	(void)params;
	(void)result;
	(void)error;
	calls++;
	return true;
}

static const struct rpc_method methods[] = {{"echo", echo}, {"nothing", nothing}, {NULL, NULL}};

static char *answer(const char *line, size_t length)
{
	struct json_object *response = rpc_answer(methods, NULL, line, length);
	char *text =
	    response ? g_strdup(json_object_to_json_string_ext(response, JSON_C_TO_STRING_PLAIN))
	             : NULL;
	json_object_put(response);
	return text;
}

static void expect(const char *line, const char *wanted)
{
	g_autofree char *got = answer(line, strlen(line));
	g_assert_cmpstr(got, ==, wanted);
}

static void expect_code(const char *line, size_t length, int code)
{
	g_autofree char *wanted =
	    g_strdup_printf("{\"jsonrpc\":\"2.0\",\"error\":{\"code\":%d,", code);
	g_autofree char *got = answer(line, length);
	g_assert_nonnull(got);
	g_assert_true(g_str_has_prefix(got, wanted));
}

static void test_answers(void)
{
	expect("{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"nothing\"}",
	    "{\"jsonrpc\":\"2.0\",\"result\":{},\"id\":7}");
	expect("{\"jsonrpc\":\"2.0\",\"id\":\"a\",\"method\":\"echo\",\"params\":{\"text\":"
	       "\"\\u00e9\\n\"}}",
	    "{\"jsonrpc\":\"2.0\",\"result\":\"\xc3\xa9\\n\",\"id\":\"a\"}");
	expect("{\"jsonrpc\":\"2.0\",\"id\":null,\"method\":\"nothing\",\"params\":{}}",
	    "{\"jsonrpc\":\"2.0\",\"result\":{},\"id\":null}");
}

static void test_notification_has_no_answer(void)
{
	calls = 0;
	expect("{\"jsonrpc\":\"2.0\",\"method\":\"nothing\"}", NULL);
	g_assert_cmpuint(calls, ==, 1);
	expect("{\"jsonrpc\":\"2.0\",\"method\":\"no.such\"}", NULL);
}

static void test_errors(void)
{
	static const struct {
		const char *line;
		int code;
	} cases[] = {
	    {"", RPC_PARSE_ERROR},
	    {"hello", RPC_PARSE_ERROR},
	    {"{\"jsonrpc\":\"2.0\"", RPC_PARSE_ERROR},
	    {"{} {}", RPC_PARSE_ERROR},
	    {"{\"a\":1,}", RPC_PARSE_ERROR},
	    {"{'jsonrpc':'2.0'}", RPC_PARSE_ERROR},
	    {"\"\xff\xfe\"", RPC_PARSE_ERROR},
	    {"[[[[[[[[[[[[[[[[[[[[]]]]]]]]]]]]]]]]]]]]", RPC_PARSE_ERROR},
	    {"[]", RPC_INVALID_REQUEST},
	    {"null", RPC_PARSE_ERROR},
	    {"{}", RPC_INVALID_REQUEST},
	    {"{\"jsonrpc\":\"1.0\",\"id\":1,\"method\":\"nothing\"}", RPC_INVALID_REQUEST},
	    {"{\"jsonrpc\":\"2.0\",\"id\":{},\"method\":\"nothing\"}", RPC_INVALID_REQUEST},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":5}", RPC_INVALID_REQUEST},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"no.such\"}", RPC_METHOD_NOT_FOUND},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\"}", RPC_INVALID_PARAMS},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":[\"text\"]}",
	        RPC_INVALID_PARAMS},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":{\"text\":1}}",
	        RPC_INVALID_PARAMS},
	    {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":{\"text\":\"a\\u0000b\"}"
	     "}",
	        RPC_INVALID_PARAMS},
	};
	for (gsize i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_test_message("%s", cases[i].line);
		expect_code(cases[i].line, strlen(cases[i].line), cases[i].code);
	}
	expect_code("{}\0{}", 5, RPC_PARSE_ERROR);
}

/* Every prefix and every one-byte change of a good request gets some answer, and never more than
 * that. */
static void test_mangled(void)
{
	static const char good[] =
	    "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"echo\",\"params\":{\"text\":\"hello\"}}";
	for (size_t length = 0; length < sizeof(good) - 1; length++)
		expect_code(good, length, RPC_PARSE_ERROR);
	for (size_t i = 0; i < sizeof(good) - 1; i++)
		for (unsigned byte = 0; byte < 256; byte += 3) {
			char bad[sizeof(good)];
			memcpy(bad, good, sizeof(good));
			bad[i] = (char)byte;
			g_autofree char *got = answer(bad, sizeof(good) - 1);
			if (got)
				g_assert_true(g_str_has_prefix(got, "{\"jsonrpc\":\"2.0\","));
		}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/agent/rpc/answers", test_answers);
	g_test_add_func("/agent/rpc/notification", test_notification_has_no_answer);
	g_test_add_func("/agent/rpc/errors", test_errors);
	g_test_add_func("/agent/rpc/mangled", test_mangled);
	return g_test_run();
}
