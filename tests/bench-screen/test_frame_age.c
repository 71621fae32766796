/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/screen/frame_age.h"

static void test_ages(void)
{
	struct frame_age age;
	frame_age_init(&age);
	g_assert_cmpfloat(frame_age_percentile_ms(&age, 50), ==, 0);
	for (int64_t t = 0; t < 4; t++)
		frame_age_drawn(&age, t * 100000);
	/* Older than the first: nothing of these is shown. */
	frame_age_shown(&age, -1, 50000);
	g_assert_cmpuint(age.ages->len, ==, 0);
	frame_age_shown(&age, 0, 80000);
	/* The second is overtaken by the third, and both have waited. */
	frame_age_shown(&age, 250000, 260000);
	g_assert_cmpuint(age.ages->len, ==, 3);
	g_assert_cmpint(g_array_index(age.ages, int64_t, 0), ==, 80000);
	g_assert_cmpint(g_array_index(age.ages, int64_t, 1), ==, 160000);
	g_assert_cmpint(g_array_index(age.ages, int64_t, 2), ==, 60000);
	/* The last never came. */
	frame_age_end(&age, 1300000);
	g_assert_cmpfloat(frame_age_percentile_ms(&age, 50), ==, 80);
	g_assert_cmpfloat(frame_age_percentile_ms(&age, 75), ==, 160);
	g_assert_cmpfloat(frame_age_percentile_ms(&age, 95), ==, 1000);
	g_assert_cmpfloat(frame_age_percentile_ms(&age, 0), ==, 60);
	frame_age_finish(&age);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/frame-age/ages", test_ages);
	return g_test_run();
}
