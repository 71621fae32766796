/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/vnc/one_time_code.h"

#include <glib.h>
#include <rfb/rfb.h>
#include <string.h>

#define NOW 1000000000

static const uint8_t challenge[CODE_CHALLENGE] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static void answer(const char *password, uint8_t response[CODE_CHALLENGE])
{
	char copy[CODE_LENGTH + 1];

	memcpy(response, challenge, CODE_CHALLENGE);
	g_strlcpy(copy, password, sizeof copy);
	rfbEncryptBytes(response, copy);
}

static void test_once(void)
{
	struct one_time_code code = {0};
	uint8_t right[CODE_CHALLENGE];

	answer("", right);
	g_assert_false(one_time_code_use(&code, challenge, right, CODE_CHALLENGE, NOW));
	one_time_code_make(&code, NOW);
	g_assert_cmpuint(strlen(code.text), ==, CODE_LENGTH);
	answer(code.text, right);
	g_assert_false(one_time_code_use(&code, challenge, right, CODE_CHALLENGE - 1, NOW));
	g_assert_true(one_time_code_use(&code, challenge, right, CODE_CHALLENGE, NOW));
	g_assert_false(one_time_code_use(&code, challenge, right, CODE_CHALLENGE, NOW));
	g_assert_cmpstr(code.text, ==, "");
}

static void test_expires(void)
{
	struct one_time_code code;
	uint8_t right[CODE_CHALLENGE];
	int64_t end = NOW + (int64_t)CODE_LIFE_S * 1000000;

	one_time_code_make(&code, NOW);
	answer(code.text, right);
	g_assert_true(one_time_code_is_good(&code, end - 1));
	g_assert_false(one_time_code_is_good(&code, end));
	g_assert_false(one_time_code_use(&code, challenge, right, CODE_CHALLENGE, end));
}

static void test_tries(void)
{
	struct one_time_code code, other;
	uint8_t right[CODE_CHALLENGE], wrong[CODE_CHALLENGE];

	one_time_code_make(&code, NOW);
	one_time_code_make(&other, NOW);
	g_assert_cmpstr(code.text, !=, other.text);
	answer(code.text, right);
	answer(other.text, wrong);
	for (unsigned i = 0; i < CODE_TRIES; i++)
		g_assert_false(one_time_code_use(&code, challenge, wrong, CODE_CHALLENGE, NOW));
	g_assert_false(one_time_code_use(&code, challenge, right, CODE_CHALLENGE, NOW));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/one-time-code/once", test_once);
	g_test_add_func("/one-time-code/expires", test_expires);
	g_test_add_func("/one-time-code/tries", test_tries);
	return g_test_run();
}
