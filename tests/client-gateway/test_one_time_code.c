/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/gateway/one_time_code.h"

#include <glib.h>
#include <string.h>

#define NOW 1000000000
#define LENGTH 8

static void test_once(void)
{
	struct one_time_code code = {0};

	g_assert_false(one_time_code_is_good(&code, NOW));
	one_time_code_make(&code, LENGTH, NOW);
	g_assert_cmpuint(strlen(code.text), ==, LENGTH);
	g_assert_true(one_time_code_is_good(&code, NOW));
	one_time_code_tried(&code, true);
	g_assert_false(one_time_code_is_good(&code, NOW));
	g_assert_cmpstr(code.text, ==, "");
}

static void test_expires(void)
{
	struct one_time_code code;
	char text[CODE_LENGTH_MAX + 1];
	int64_t end = NOW + (int64_t)CODE_LIFE_S * 1000000;

	one_time_code_make(&code, LENGTH, NOW);
	g_assert_true(one_time_code_is_good(&code, end - 1));
	g_assert_false(one_time_code_is_good(&code, end));
	g_assert_false(one_time_code_lend(&code, text, end));
}

static void test_tries(void)
{
	struct one_time_code code, other;

	one_time_code_make(&code, CODE_LENGTH_MAX, NOW);
	one_time_code_make(&other, CODE_LENGTH_MAX, NOW);
	g_assert_cmpstr(code.text, !=, other.text);
	for (unsigned i = 0; i < CODE_TRIES; i++) {
		g_assert_true(one_time_code_is_good(&code, NOW));
		one_time_code_tried(&code, false);
	}
	g_assert_false(one_time_code_is_good(&code, NOW));
	g_assert_cmpstr(code.text, ==, "");
}

static void test_lent(void)
{
	struct one_time_code code;
	char text[CODE_LENGTH_MAX + 1];

	one_time_code_make(&code, CODE_LENGTH_MAX, NOW);
	for (unsigned i = 0; i < CODE_TRIES; i++) {
		g_assert_true(one_time_code_lend(&code, text, NOW));
		g_assert_cmpstr(text, ==, code.text);
	}
	g_assert_false(one_time_code_lend(&code, text, NOW));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/one-time-code/once", test_once);
	g_test_add_func("/one-time-code/expires", test_expires);
	g_test_add_func("/one-time-code/tries", test_tries);
	g_test_add_func("/one-time-code/lent", test_lent);
	return g_test_run();
}
