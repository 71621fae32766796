/* SPDX-License-Identifier: MIT */
#include <glib.h>
#include <math.h>

#include "mtp-client/core/view.h"

static void assert_near(double value, double expected)
{
	g_assert_cmpfloat_with_epsilon(value, expected, 1e-6);
}

static void assert_phone(
    const struct view *view, double x, double y, bool inside, unsigned px, unsigned py)
{
	uint16_t got_x, got_y;

	g_assert_cmpint(view_to_phone(view, x, y, &got_x, &got_y), ==, inside);
	g_assert_cmpuint(got_x, ==, px);
	g_assert_cmpuint(got_y, ==, py);
}

static void test_fit(void)
{
	struct view view;

	/* A phone on a wide desktop window: full height, bars left and right. */
	view_fit(&view, 1920, 1080, 720, 1440, 0);
	assert_near(view.scale, 0.75);
	assert_near(view.width, 540);
	assert_near(view.height, 1080);
	assert_near(view.x, 690);
	assert_near(view.y, 0);

	/* The same lying on its side: full width is the limit. */
	view_fit(&view, 1440, 1080, 720, 1440, 90);
	assert_near(view.scale, 1);
	assert_near(view.width, 1440);
	assert_near(view.height, 720);
	assert_near(view.x, 0);
	assert_near(view.y, 180);
}

static void test_corners(void)
{
	struct view view;

	view_fit(&view, 200, 400, 100, 200, 0);
	assert_phone(&view, 0, 0, true, 0, 0);
	assert_phone(&view, 199, 399, true, 99, 199);
	assert_phone(&view, 100, 100, true, 50, 50);

	/* Clockwise by 90: what is at the window's top right is the phone's top left. */
	view_fit(&view, 200, 100, 100, 200, 90);
	assert_phone(&view, 199.5, 0.5, true, 0, 0);
	assert_phone(&view, 199.5, 99.5, true, 99, 0);
	assert_phone(&view, 0.5, 0.5, true, 0, 199);

	view_fit(&view, 100, 200, 100, 200, 180);
	assert_phone(&view, 99.5, 199.5, true, 0, 0);
	assert_phone(&view, 0.5, 0.5, true, 99, 199);

	view_fit(&view, 200, 100, 100, 200, 270);
	assert_phone(&view, 0.5, 99.5, true, 0, 0);
	assert_phone(&view, 199.5, 0.5, true, 99, 199);
}

static void test_letterbox(void)
{
	struct view view;

	view_fit(&view, 300, 200, 100, 200, 0); /* bars of 100 left and right */
	assert_phone(&view, 50, 100, false, 0, 100);
	assert_phone(&view, 250, 100, false, 99, 100);
	assert_phone(&view, -1e9, 1e9, false, 0, 199);
	assert_phone(&view, NAN, NAN, false, 0, 0);
}

static void test_round_trip(void)
{
	static const uint16_t points[][2] = {{0, 0}, {719, 1439}, {360, 720}, {1, 1438}};
	struct view view;
	double x, y;

	for (unsigned rotation = 0; rotation < 360; rotation += 90) {
		view_fit(&view, 390, 844, 720, 1440, rotation);
		for (unsigned i = 0; i < G_N_ELEMENTS(points); i++) {
			view_to_window(&view, points[i][0], points[i][1], &x, &y);
			assert_phone(&view, x, y, true, points[i][0], points[i][1]);
		}
	}
}

static void test_empty(void)
{
	struct view view;

	view_fit(&view, 0, 100, 100, 200, 0);
	assert_phone(&view, 5, 5, false, 0, 0);
	view_fit(&view, 100, 100, 0, 0, 450);
	assert_phone(&view, 5, 5, false, 0, 0);
	g_assert_cmpuint(view.rotation, ==, 90);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/view/fit", test_fit);
	g_test_add_func("/view/corners", test_corners);
	g_test_add_func("/view/letterbox", test_letterbox);
	g_test_add_func("/view/round-trip", test_round_trip);
	g_test_add_func("/view/empty", test_empty);
	return g_test_run();
}
