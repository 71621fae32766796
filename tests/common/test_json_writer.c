/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/json_writer.h"

#include <math.h>

#include "common/json.h"

static void test_literal(void)
{
	g_autoptr(GString) text = g_string_new(NULL);
	json_write_open(text, NULL, '{');
	json_write_string(text, "a", "b");
	json_write_string(text, "none", NULL);
	json_write_open(text, "list", '[');
	json_write_close(text, ']');
	json_write_open(text, "numbers", '[');
	json_write_int(text, NULL, INT64_MIN);
	json_write_number(text, NULL, 2.0 / 3, 2);
	json_write_number(text, NULL, NAN, 2);
	json_write_number(text, NULL, -INFINITY, 2);
	json_write_number(text, NULL, 1e300, 9);
	json_write_open(text, NULL, '{');
	json_write_bool(text, "yes", true);
	json_write_bool(text, "no", false);
	json_write_close(text, '}');
	json_write_open(text, NULL, '[');
	json_write_close(text, ']');
	json_write_close(text, ']');
	json_write_close(text, '}');
	g_assert_cmpstr(text->str, ==,
	    "{\"a\":\"b\",\"none\":null,\"list\":[],\"numbers\":[-9223372036854775808,0.67,null,"
	    "null,null,{\"yes\":true,\"no\":false},[]]}");
}

/* What ends like a bracket is no bracket: only what precedes the quote counts. */
static void test_comma_after_bracket_in_string(void)
{
	g_autoptr(GString) text = g_string_new("[");
	json_write_string(text, NULL, "[");
	json_write_string(text, NULL, "{");
	json_write_close(text, ']');
	g_assert_cmpstr(text->str, ==, "[\"[\",\"{\"]");
}

static void test_hostile_strings(void)
{
	static const char *const values[][2] = {{"", ""}, {"\"", "\""}, {"\\", "\\"},
	    {"a\nb\tc\x01\x1f", "a\nb\tc\x01\x1f"}, {"\x7f \xc3\xa9 \xf0\x9f\x98\x80", NULL},
	    {"\xff", "\xef\xbf\xbd"}, {"half \xc3", "half \xef\xbf\xbd"}, {"\",\"x\":\"", NULL}};
	for (unsigned i = 0; i < G_N_ELEMENTS(values); i++) {
		g_autoptr(GString) text = g_string_new(NULL);
		json_write_open(text, NULL, '{');
		json_write_string(text, values[i][0][0] ? "m\"" : "", values[i][0]);
		json_write_close(text, '}');
		g_autoptr(GError) error = NULL;
		g_autoptr(JsonParser) parser = json_parser_new();
		json_parser_load_from_data(parser, text->str, (gssize)text->len, &error);
		g_assert_no_error(error);
		JsonObject *object = json_node_get_object(json_parser_get_root(parser));
		g_assert_cmpuint(json_object_get_size(object), ==, 1);
		g_assert_cmpstr(json_object_get_string_member(object, values[i][0][0] ? "m\"" : ""),
		    ==, values[i][1] ? values[i][1] : values[i][0]);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/json_writer/literal", test_literal);
	g_test_add_func("/json_writer/comma", test_comma_after_bracket_in_string);
	g_test_add_func("/json_writer/hostile", test_hostile_strings);
	return g_test_run();
}
