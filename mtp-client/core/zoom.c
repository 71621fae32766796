/* SPDX-License-Identifier: MIT */
#include "mtp-client/core/zoom.h"

#include <math.h>

#define NEARLY_WHOLE 1.02 /* below, fingers mean the whole picture */

/* Where the picture begins: centred when it is smaller than the window, else without a gap. */
static double place(double wanted, double size, double window)
{
	if (size <= window)
		return (window - size) / 2;
	return wanted > 0 ? 0 : wanted < window - size ? window - size : wanted;
}

static double factor_of(const struct zoom *zoom)
{
	return zoom->factor > 1 ? zoom->factor : 1;
}

void zoom_apply(const struct zoom *zoom, struct view *view)
{
	double factor = factor_of(zoom);

	if (factor <= 1 || view->scale <= 0)
		return;
	view->width *= factor;
	view->height *= factor;
	view->scale *= factor;
	view->x =
	    place(view->window_width / 2 - zoom->x * view->width, view->width, view->window_width);
	view->y = place(
	    view->window_height / 2 - zoom->y * view->height, view->height, view->window_height);
}

/* Puts the share (u, v) of a picture of that size under the window's point. */
static void aim(struct zoom *zoom, const struct view *view, double width, double height, double u,
    double v, double x, double y)
{
	zoom->x = u + (view->window_width / 2 - x) / width;
	zoom->y = v + (view->window_height / 2 - y) / height;
}

void zoom_by(struct zoom *zoom, const struct view *view, double factor, double x, double y)
{
	double before = factor_of(zoom), after = before * factor;

	if (view->scale <= 0 || !(after > 0))
		return;
	after = after > ZOOM_MAX ? ZOOM_MAX : after;
	if (after < NEARLY_WHOLE) {
		*zoom = (struct zoom){0};
		return;
	}
	aim(zoom, view, view->width / before * after, view->height / before * after,
	    (x - view->x) / view->width, (y - view->y) / view->height, x, y);
	zoom->factor = after;
}

void zoom_pan(struct zoom *zoom, const struct view *view, double dx, double dy)
{
	if (zoom->factor > 1 && view->scale > 0)
		aim(zoom, view, view->width, view->height, -view->x / view->width,
		    -view->y / view->height, dx, dy);
}

/* The first two fingers that are down; false: there are not so many. */
static bool first_two(const struct pinch *pinch, unsigned *a, unsigned *b)
{
	unsigned n = 0;

	for (unsigned i = 0; i < ZOOM_FINGERS && n < 2; i++)
		if (pinch->down[i])
			*(n++ ? b : a) = i;
	return n == 2;
}

static void follow(struct pinch *pinch, struct zoom *zoom, const struct view *view, unsigned finger,
    double x, double y)
{
	unsigned a = 0, b = 0;

	if (!first_two(pinch, &a, &b) || (finger != a && finger != b))
		return;
	unsigned other = finger == a ? b : a;
	double was = hypot(pinch->x[finger] - pinch->x[other], pinch->y[finger] - pinch->y[other]);
	double is = hypot(x - pinch->x[other], y - pinch->y[other]);
	/* The middle moves by half of what the finger does; the view is that of before. */
	double mx = (x + pinch->x[other]) / 2, my = (y + pinch->y[other]) / 2;
	double dx = (x - pinch->x[finger]) / 2, dy = (y - pinch->y[finger]) / 2;
	struct view moved = *view;

	zoom_pan(zoom, view, dx, dy);
	moved.x += dx;
	moved.y += dy;
	if (was > 1 && is > 1)
		zoom_by(zoom, &moved, is / was, mx, my);
}

enum pinch_result pinch_finger(struct pinch *pinch, struct zoom *zoom, const struct view *view,
    unsigned finger, bool down, double x, double y)
{
	bool came = down && !pinch->down[finger], was_active = pinch->active;
	unsigned a, b;

	if (!came && down && pinch->active)
		follow(pinch, zoom, view, finger, x, y);
	pinch->down[finger] = down;
	pinch->x[finger] = x;
	pinch->y[finger] = y;
	if (first_two(pinch, &a, &b))
		pinch->active = true;
	if (pinch->active && !was_active)
		return PINCH_BEGIN;
	if (!down) {
		bool any = false;

		for (unsigned i = 0; i < ZOOM_FINGERS; i++)
			any |= pinch->down[i];
		pinch->active &= any;
	}
	return was_active ? PINCH_TAKEN : PINCH_PASS;
}
