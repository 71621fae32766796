/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/error.h"
#include "common/file.h"
#include "common/json.h"
#include "common/problem.h"

static void test_parse_hostile(void)
{
	static const char *const texts[] = {"", " ", "[]", "1", "null", "\"a\"", "{", "{\"a\":}",
	    "{\"a\":1}}", "{\"a\":1} {\"b\":2}", "{\"a\":1}x", "{'a':1}", "{a:1}", "{\"a\":\"b}",
	    "{\"a\":\"\x01\"}", "{\"a\":\"b\\u0000c\"}", "{\"a\":\"\xff\"}", "{/* \" */}",
	    "// x\n{}", "var x = {}", "{\"a\":tru}", "{\"a\":1,}", "{\"a\" 1}", "[{}]",
	    "{\"lone\":\"\\ud800\"}"};

	for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(JsonNode) node = json_parse_object(texts[i], -1, &error);
		if (node)
			g_error("\"%s\" was taken", texts[i]);
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
		g_assert_true(g_utf8_validate(error->message, -1, NULL));
	}
}

static void test_parse_depth(void)
{
	g_autoptr(GError) error = NULL;
	GString *deep = g_string_new("{\"a\":");

	for (unsigned i = 0; i < 100000; i++)
		g_string_append_c(deep, '[');
	g_assert_null(json_parse_object(deep->str, deep->len, &error));
	g_assert_nonnull(strstr(error->message, "too deeply"));
	g_string_free(deep, TRUE);
}

static void test_parse_line(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(json_parse_object("{\n\"a\": 1,\n\"b\": ?}", -1, &error));
	g_assert_true(g_str_has_prefix(error->message, "line 3:"));
}

static void test_get(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonNode) node = json_parse_object(
	    "{\"s\":\"text\",\"e\":\"\",\"i\":42,\"f\":1.5,\"b\":true,\"n\":null,\"o\":{},"
	    "\"a\":[1,2],\"big\":99999999999999999999}",
	    -1, &error);
	g_assert_no_error(error);
	JsonObject *object = json_node_get_object(node);
	int64_t number;
	bool flag;

	g_assert_cmpstr(json_get_string(object, "s", 4, &error), ==, "text");
	g_assert_no_error(error);
#define REFUSED(call)                                                                              \
	do {                                                                                       \
		g_assert_false(call);                                                              \
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);                             \
		g_clear_error(&error);                                                             \
	} while (0)
	REFUSED(json_get_string(object, "s", 3, &error));
	REFUSED(json_get_string(object, "e", 3, &error));
	REFUSED(json_get_string(object, "i", 3, &error));
	REFUSED(json_get_string(object, "n", 3, &error));
	REFUSED(json_get_string(object, "none", 3, &error));
	REFUSED(json_get_int(object, "none", 0, 9, &number, &error));
	REFUSED(json_get_int(object, "i", 0, 41, &number, &error));
	REFUSED(json_get_int(object, "f", 0, 41, &number, &error));
	REFUSED(json_get_int(object, "big", 0, 41, &number, &error));
	REFUSED(json_get_optional_bool(object, "i", false, &flag, &error));
	REFUSED(json_get_object(object, "a", &error));
	REFUSED(json_get_array(object, "a", 1, &error));
	REFUSED(json_get_array(object, "o", 1, &error));

	g_assert_true(json_get_int(object, "i", 42, 42, &number, &error));
	g_assert_cmpint(number, ==, 42);
	g_assert_true(json_get_optional_int(object, "n", 0, 9, 7, &number, &error));
	g_assert_cmpint(number, ==, 7);
	g_assert_true(json_get_optional_bool(object, "b", false, &flag, &error));
	g_assert_true(flag);
	g_assert_null(json_get_optional_string(object, "none", 3, &error));
	g_assert_null(json_get_optional_object(object, "n", &error));
	g_assert_nonnull(json_get_array(object, "a", 2, &error));
	g_assert_no_error(error);
}

static void test_files(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *folder = g_dir_make_tmp("qvmi-json-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "a.json", NULL);
	g_autofree char *nowhere = g_build_filename(folder, "none", "a.json", NULL);
	JsonObject *object = json_object_new();
	struct stat status;

	json_object_set_int_member(object, "x", 1);
	g_autoptr(JsonNode) node = json_node_of(object);
	g_assert_true(json_store_file(path, node, 0640, &error));
	g_assert_cmpint(stat(path, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 0777, ==, 0640);
	g_autoptr(JsonNode) again = json_load_file(path, 100, &error);
	g_autofree char *text = json_text(again);
	g_assert_cmpstr(text, ==, "{\"x\":1}");

	g_assert_null(json_load_file(path, 3, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_TOO_LARGE);
	g_clear_error(&error);
	g_assert_false(json_store_file(nowhere, node, 0600, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_null(json_load_file(nowhere, 100, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	g_clear_error(&error);
	/* A full disk leaves the old file and nothing else. */
	g_assert_false(file_store("/dev/full/x", "1", 1, 0600, &error));
	g_unlink(path);
	g_assert_cmpint(g_rmdir(folder), ==, 0);
}

static void test_members(void)
{
	g_autoptr(JsonNode) node = json_parse_object("{\"a\":1,\"bc\":2}", -1, NULL);
	g_autoptr(GError) error = NULL;

	g_assert_true(json_check_members(json_node_get_object(node), "bc x a", &error));
	g_assert_false(json_check_members(json_node_get_object(node), "a b c", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_assert_nonnull(strstr(error->message, "\"bc\""));
}

static void test_problem(void)
{
	g_autoptr(GError) error =
	    g_error_new_literal(QVMI_ERROR, QVMI_ERROR_EXHAUSTED, "full\xff; free some");
	g_autoptr(JsonObject) problem = problem_from_error(error);
	g_autoptr(GError) back = problem_to_error(507, problem);
	g_autoptr(GError) bare = problem_to_error(404, NULL);
	g_autoptr(GError) strange = problem_to_error(418, NULL);

	g_assert_cmpint(json_object_get_int_member(problem, "status"), ==, 507);
	g_assert_cmpstr(
	    json_object_get_string_member(problem, "type"), ==, "urn:qvmi:error:exhausted");
	g_assert_error(back, QVMI_ERROR, QVMI_ERROR_EXHAUSTED);
	g_assert_error(bare, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	g_assert_error(strange, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_assert_cmpint(qvmi_error_exit_code(back), ==, 6);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/json/parse/hostile", test_parse_hostile);
	g_test_add_func("/json/parse/depth", test_parse_depth);
	g_test_add_func("/json/parse/line", test_parse_line);
	g_test_add_func("/json/get", test_get);
	g_test_add_func("/json/members", test_members);
	g_test_add_func("/json/files", test_files);
	g_test_add_func("/json/problem", test_problem);
	return g_test_run();
}
