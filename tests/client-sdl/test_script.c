/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <linux/input-event-codes.h>

#include "common/error.h"
#include "mtp-client/sdl/script.h"

static void test_commands(void)
{
	g_autoptr(GError) error = NULL;
	AUTO(script)
	script = script_parse("# a comment\n"
	                      "wait-update\n"
	                      "\n"
	                      "  wait-quiet 300 5000 \r\n"
	                      "swipe 50% 90% 10.5 20 250\n"
	                      "key Enter\n"
	                      "text Hello, world #1\n"
	                      "measure-tap 1 2 700\n"
	                      "mark end\n"
	                      "wait-change 12.5% 900\n"
	                      "wait-pixel 50% 9 3584e4",
	    "s", &error);

	g_assert_no_error(error);
	const struct script_command *command = script_command(script, 0);

	g_assert_cmpint(command->verb, ==, SCRIPT_WAIT_UPDATE);
	g_assert_cmpuint(command->line, ==, 2);
	g_assert_cmpuint(command->timeout_ms, ==, 10000);
	command = script_command(script, 1);
	g_assert_cmpuint(command->line, ==, 4);
	g_assert_cmpuint(command->ms, ==, 300);
	g_assert_cmpuint(command->timeout_ms, ==, 5000);
	command = script_command(script, 2);
	g_assert_true(command->at[0].percent);
	g_assert_cmpfloat(command->at[2].value, ==, 10.5);
	g_assert_false(command->at[2].percent);
	g_assert_cmpuint(command->ms, ==, 250);
	g_assert_cmpuint(script_command(script, 3)->key, ==, KEY_ENTER);
	g_assert_cmpstr(script_command(script, 4)->text, ==, "Hello, world #1");
	g_assert_cmpuint(script_command(script, 5)->timeout_ms, ==, 700);
	g_assert_cmpstr(script_command(script, 6)->text, ==, "end");
	command = script_command(script, 7);
	g_assert_cmpint(command->verb, ==, SCRIPT_WAIT_CHANGE);
	g_assert_cmpfloat(command->at[0].value, ==, 12.5);
	g_assert_cmpuint(command->timeout_ms, ==, 900);
	command = script_command(script, 8);
	g_assert_cmpint(command->verb, ==, SCRIPT_WAIT_PIXEL);
	g_assert_cmpmem(command->colour, 3, "\x35\x84\xe4", 3);
	g_assert_null(script_command(script, 9));
}

/* Nothing is played of a script that has a mistake anywhere; the message names the line. */
static void test_mistakes(void)
{
	static const char *const mistakes[] = {"fly 3", "tap 1", "tap 1 2 3", "tap -1 2",
	    "tap 101% 2", "tap nan 2", "tap 1e9 2", "tap 1x 2", "swipe 1 2 3 4", "swipe 1 2 3 4 -5",
	    "sleep 99999999", "sleep", "key", "key NOSUCH", "text", "text Grüße", "screenshot",
	    "mark", "mark a b", "wait-change", "wait-change 101%", "wait-pixel 1 2 fff",
	    "wait-pixel 1 2 -12345", "wait-pixel 1 12345g", "wait-update soon"};

	for (unsigned i = 0; i < G_N_ELEMENTS(mistakes); i++) {
		g_autofree char *text = g_strdup_printf("sleep 1\n%s\nsleep 1\n", mistakes[i]);
		g_autoptr(GError) error = NULL;

		g_test_message("%s", mistakes[i]);
		g_assert_null(script_parse(text, "name", &error));
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
		g_assert_true(g_str_has_prefix(error->message, "name:2: "));
	}
}

static void test_missing_file(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(script_load("/nonexistent/script", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
}

static void test_pixels(void)
{
	const struct script_coordinate half = {.value = 50, .percent = true},
	                               all = {.value = 100, .percent = true}, far = {.value = 5000},
	                               near = {.value = 12.9};

	g_assert_cmpuint(script_pixel(&half, 720), ==, 360);
	g_assert_cmpuint(script_pixel(&all, 720), ==, 719);
	g_assert_cmpuint(script_pixel(&far, 720), ==, 719);
	g_assert_cmpuint(script_pixel(&near, 720), ==, 12);
	g_assert_cmpuint(script_pixel(&near, 0), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/script/commands", test_commands);
	g_test_add_func("/script/mistakes", test_mistakes);
	g_test_add_func("/script/missing-file", test_missing_file);
	g_test_add_func("/script/pixels", test_pixels);
	return g_test_run();
}
