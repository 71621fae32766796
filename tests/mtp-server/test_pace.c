/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/pace.h"

#include <glib.h>

static void test_rate(void)
{
	struct pace pace;
	pace_init(&pace);
	/* The first change is shown at once, */
	g_assert_cmpint(pace_due(&pace), <=, 0);
	pace_looked(&pace, 1000, 2000, true);
	/* cheap ones 60 times a second, */
	g_assert_cmpint(pace_due(&pace), ==, 1000 + 16000);
	/* dear ones for a third of the time, */
	pace_looked(&pace, 20000, 40000, true);
	g_assert_cmpint(pace_due(&pace), ==, 20000 + 60000);
	/* and the dearest still four times a second. */
	pace_looked(&pace, 100000, 1100000, true);
	g_assert_cmpint(pace_due(&pace), ==, 100000 + 250000);
}

static void test_input(void)
{
	struct pace pace;
	pace_init(&pace);
	pace_looked(&pace, 1000000, 1030000, true);
	g_assert_cmpint(pace_due(&pace), ==, 1090000);
	pace_input(&pace);
	g_assert_cmpint(pace_due(&pace), ==, 1005000);
	/* Nothing had changed yet: the input is still waited for. */
	pace_looked(&pace, 1006000, 1007000, false);
	g_assert_cmpint(pace_due(&pace), ==, 1011000);
	pace_looked(&pace, 1011000, 1012000, true);
	g_assert_cmpint(pace_due(&pace), ==, 1011000 + 16000);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/pace/rate", test_rate);
	g_test_add_func("/pace/input", test_input);
	return g_test_run();
}
