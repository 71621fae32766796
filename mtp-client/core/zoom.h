/* SPDX-License-Identifier: MIT */
/*
 * Looking closer on a small terminal: the fitted view (view.h) enlarged and moved about, by the
 * wheel or by two fingers. The picture never leaves the window further than it must. Pure
 * arithmetic, any thread.
 */
#pragma once

#include "mtp-client/core/view.h"

#define ZOOM_MAX 8.0
#define ZOOM_FINGERS 10

struct zoom {
	double factor; /* 1 (or 0, so that {0} is no zoom): the whole picture */
	double x, y;   /* share of the picture, 0 to 1, that is wanted in the window's middle */
};

/* Enlarges a view that has just been fitted. */
void zoom_apply(const struct zoom *zoom, struct view *view);
/* Closer by `factor`, or further away; what lies under the window's point stays there. `view` is
 * the one that is shown. Up to ZOOM_MAX; back at 1 the zoom is over. */
void zoom_by(struct zoom *zoom, const struct view *view, double factor, double x, double y);
/* Moves the picture by so many pixels of the window. */
void zoom_pan(struct zoom *zoom, const struct view *view, double dx, double dy);

/* The fingers on a window, {0} at first: two of them zoom and pan together. */
struct pinch {
	bool down[ZOOM_FINGERS];
	double x[ZOOM_FINGERS], y[ZOOM_FINGERS];
	bool active; /* from the second finger until the last has gone */
};

enum pinch_result {
	PINCH_PASS,  /* one finger: it is the phone's */
	PINCH_BEGIN, /* the second came: what the first has begun is to be cancelled */
	PINCH_TAKEN, /* the zoom may have changed */
};

/* A finger (< ZOOM_FINGERS) is down at, moved to, or left a point of the window. */
enum pinch_result pinch_finger(struct pinch *pinch, struct zoom *zoom, const struct view *view,
    unsigned finger, bool down, double x, double y);
