/* SPDX-License-Identifier: MIT */
#include "mtp-client/core/view.h"

void view_fit(struct view *view, uint32_t window_width, uint32_t window_height,
    uint32_t phone_width, uint32_t phone_height, unsigned rotation)
{
	*view = (struct view){.rotation = rotation / 90 % 4 * 90,
	    .phone_width = phone_width,
	    .phone_height = phone_height,
	    .window_width = window_width,
	    .window_height = window_height};
	if (!window_width || !window_height || !phone_width || !phone_height)
		return;

	bool upright = view->rotation % 180 == 0;
	double turned_width = upright ? phone_width : phone_height;
	double turned_height = upright ? phone_height : phone_width;
	double by_width = window_width / turned_width;
	double by_height = window_height / turned_height;

	view->scale = by_width < by_height ? by_width : by_height;
	view->width = turned_width * view->scale;
	view->height = turned_height * view->scale;
	view->x = (window_width - view->width) / 2;
	view->y = (window_height - view->height) / 2;
}

static uint16_t clamp(double value, uint32_t size)
{
	if (!(value > 0)) /* NaN as well */
		return 0;
	if (value >= size)
		return (uint16_t)(size - 1);
	return (uint16_t)value;
}

bool view_to_phone(const struct view *view, double x, double y, uint16_t *px, uint16_t *py)
{
	*px = *py = 0;
	if (view->scale <= 0)
		return false;

	double u = (x - view->x) / view->scale, v = (y - view->y) / view->scale;
	double w = view->phone_width, h = view->phone_height;
	double across, down;

	switch (view->rotation) {
	case 90: /* the phone's top is at the right */
		across = v;
		down = h - u;
		break;
	case 180:
		across = w - u;
		down = h - v;
		break;
	case 270:
		across = w - v;
		down = u;
		break;
	default:
		across = u;
		down = v;
		break;
	}
	*px = clamp(across, view->phone_width);
	*py = clamp(down, view->phone_height);
	return across >= 0 && down >= 0 && across < w && down < h;
}

void view_to_window(const struct view *view, uint16_t px, uint16_t py, double *x, double *y)
{
	double w = view->phone_width, h = view->phone_height;
	double across = px + 0.5, down = py + 0.5;
	double u, v;

	switch (view->rotation) {
	case 90:
		u = h - down;
		v = across;
		break;
	case 180:
		u = w - across;
		v = h - down;
		break;
	case 270:
		u = down;
		v = w - across;
		break;
	default:
		u = across;
		v = down;
		break;
	}
	*x = view->x + u * view->scale;
	*y = view->y + v * view->scale;
}
