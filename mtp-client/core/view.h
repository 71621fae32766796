/* SPDX-License-Identifier: MIT */
/*
 * Where the phone's picture stands in a terminal's window, and which phone pixel lies under a
 * finger. The picture is turned clockwise, scaled evenly to fit, and centred; what is left over is
 * letterbox. Pure arithmetic: no state but the struct, any thread.
 *
 * Coordinates are pixels with the origin at the top left. A window point is the point's position
 * on the continuous plane (a mouse at pixel 3 of a 1:1 view may be given as 3.0 or 3.5).
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

struct view {
	/* Set by view_fit(). The rectangle of the window that the turned picture covers. */
	double x, y, width, height;
	double scale;      /* window pixels a phone pixel */
	unsigned rotation; /* degrees clockwise: 0, 90, 180, 270 */
	uint32_t phone_width, phone_height;
	double window_width, window_height;
};

/* Any size may be 0 (nothing is shown then; view_to_phone() is false). A rotation that is not a
 * multiple of 90 is rounded down to one. */
void view_fit(struct view *view, uint32_t window_width, uint32_t window_height,
    uint32_t phone_width, uint32_t phone_height, unsigned rotation);

/* The phone pixel under a window point, clamped to the phone's screen: a finger that slides off
 * the picture stays at its edge. Returns false when the point lies in the letterbox (and still
 * gives the clamped pixel, unless nothing is shown). */
bool view_to_phone(const struct view *view, double x, double y, uint16_t *px, uint16_t *py);

/* The window point at the centre of a phone pixel. */
void view_to_window(const struct view *view, uint16_t px, uint16_t py, double *x, double *y);
