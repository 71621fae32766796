/* SPDX-License-Identifier: MIT */
#include <glib.h>

#include "mtp-client/core/zoom.h"

static void assert_near(double value, double expected)
{
	g_assert_cmpfloat_with_epsilon(value, expected, 1e-6);
}

static struct view shown(const struct zoom *zoom)
{
	struct view view;

	view_fit(&view, 400, 300, 100, 200, 0); /* 150x300 in the middle of 400x300 */
	zoom_apply(zoom, &view);
	return view;
}

/* What lies under the pointer stays there, wherever it is. */
static void test_wheel(void)
{
	struct zoom zoom = {0};
	struct view view = shown(&zoom);

	assert_near(view.x, 125);
	for (unsigned i = 0; i < 20; i++) {
		uint16_t before_x, before_y, after_x, after_y;

		view = shown(&zoom);
		view_to_phone(&view, 240, 200, &before_x, &before_y);
		zoom_by(&zoom, &view, 1.25, 240, 200);
		view = shown(&zoom);
		view_to_phone(&view, 240, 200, &after_x, &after_y);
		/* Across it fits the window at first, and is centred. */
		if (view.width > 400)
			g_assert_cmpint(ABS((int)after_x - (int)before_x), <=, i < 8 ? 20 : 1);
		g_assert_cmpint(ABS((int)after_y - (int)before_y), <=, 1);
	}
	assert_near(zoom.factor, ZOOM_MAX);
	assert_near(view.scale, 1.5 * ZOOM_MAX);
	for (unsigned i = 0; i < 20; i++)
		zoom_by(&zoom, &view, 0.8, 10, 10);
	view = shown(&zoom);
	assert_near(view.scale, 1.5);
	assert_near(view.x, 125);
}

/* Moved as far as one likes, there is no gap between the picture and the window's edge. */
static void test_edges(void)
{
	struct zoom zoom = {.factor = 4, .x = 0.5, .y = 0.5};
	static const double moves[][2] = {{1e6, 1e6}, {-1e6, 1e6}, {-1e6, -1e6}, {3, -1e6}};

	for (unsigned i = 0; i < G_N_ELEMENTS(moves); i++) {
		struct view view = shown(&zoom);

		zoom_pan(&zoom, &view, moves[i][0], moves[i][1]);
		view = shown(&zoom);
		g_assert_cmpfloat(view.x, <=, 0);
		g_assert_cmpfloat(view.y, <=, 0);
		g_assert_cmpfloat(view.x + view.width, >=, 400);
		g_assert_cmpfloat(view.y + view.height, >=, 300);
	}
	/* And back by what is seen, not by what was wanted. */
	struct view before = shown(&zoom);

	zoom_pan(&zoom, &before, 10, 10);
	struct view after = shown(&zoom);

	assert_near(after.x, before.x + 10);
	assert_near(after.y, before.y + 10);
}

static void test_pinch(void)
{
	struct zoom zoom = {0};
	struct pinch pinch = {0};
	struct view view = shown(&zoom);

	g_assert_cmpint(pinch_finger(&pinch, &zoom, &view, 0, true, 150, 100), ==, PINCH_PASS);
	g_assert_cmpint(pinch_finger(&pinch, &zoom, &view, 0, true, 160, 100), ==, PINCH_PASS);
	g_assert_cmpint(pinch_finger(&pinch, &zoom, &view, 3, true, 200, 140), ==, PINCH_BEGIN);
	g_assert_cmpint(pinch_finger(&pinch, &zoom, &view, 3, true, 240, 180), ==, PINCH_TAKEN);
	assert_near(zoom.factor, 2);
	/* Both move alike: the picture goes with them. */
	view = shown(&zoom);
	double y = view.y;

	pinch_finger(&pinch, &zoom, &view, 0, true, 160, 90);
	view = shown(&zoom);
	pinch_finger(&pinch, &zoom, &view, 3, true, 240, 170);
	view = shown(&zoom);
	assert_near(zoom.factor, 2);
	g_assert_cmpfloat_with_epsilon(view.y, y - 10, 2);
	/* One goes: the other is not the phone's until it has been lifted, too. */
	g_assert_cmpint(pinch_finger(&pinch, &zoom, &view, 0, false, 160, 90), ==, PINCH_TAKEN);
	g_assert_cmpint(pinch_finger(&pinch, &zoom, &view, 3, true, 10, 10), ==, PINCH_TAKEN);
	g_assert_cmpint(pinch_finger(&pinch, &zoom, &view, 3, false, 10, 10), ==, PINCH_TAKEN);
	g_assert_cmpint(pinch_finger(&pinch, &zoom, &view, 0, true, 150, 100), ==, PINCH_PASS);
	g_assert_cmpint(pinch_finger(&pinch, &zoom, &view, 0, false, 150, 100), ==, PINCH_PASS);
}

static void test_nothing_shown(void)
{
	struct zoom zoom = {0};
	struct pinch pinch = {0};
	struct view view;

	view_fit(&view, 0, 0, 0, 0, 0);
	zoom_by(&zoom, &view, 2, 1, 1);
	pinch_finger(&pinch, &zoom, &view, 0, true, 1, 1);
	pinch_finger(&pinch, &zoom, &view, 1, true, 50, 50);
	pinch_finger(&pinch, &zoom, &view, 1, true, 500, 50);
	zoom_apply(&zoom, &view);
	g_assert_cmpfloat(view.scale, <=, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/zoom/wheel", test_wheel);
	g_test_add_func("/zoom/edges", test_edges);
	g_test_add_func("/zoom/pinch", test_pinch);
	g_test_add_func("/zoom/nothing-shown", test_nothing_shown);
	return g_test_run();
}
