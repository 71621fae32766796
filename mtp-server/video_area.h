/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where pictures move: the rectangle of whole blocks around those that look like a photograph and
 * keep changing, with hysteresis. Told of damage that no copy explains. No I/O; time is the
 * picture's. One thread.
 */
#pragma once

#include "mtp-server/picture.h"

struct video_area {
	struct rectangle area;  /* in pixels; empty: nothing moves */
	unsigned columns, rows; /* of blocks */
	struct video_block *blocks;
	uint32_t moved_ms; /* when something in the area moved last */
};

/* For a screen of this size. */
void video_area_init(struct video_area *video, unsigned width, unsigned height);
void video_area_finish(struct video_area *video);
/* `damage`: blocks of picture->now that have changed by themselves. */
void video_area_note(
    struct video_area *video, const struct picture *picture, const struct block_set *damage);

/* The rectangle as video can have it: of whole blocks and even sides; most of the screen becomes
 * all of it. A block that is cut off at an odd edge is not in it. May be empty. */
struct rectangle video_area_of(const struct picture *picture, struct rectangle r);

enum video_content {
	VIDEO_DRAWN,  /* text, icons, plain surfaces: to be shown exactly */
	VIDEO_SMOOTH, /* a gradient, or a photograph's sky: goes along with what moves around it */
	VIDEO_PHOTOGRAPH,
};

/* What this block looks like; made to be quick: half of its rows are looked at. */
enum video_content video_content(const struct picture *picture, unsigned column, unsigned row);
/* Is a quarter of it text, whatever the rest is? */
bool video_has_text(const struct picture *picture, unsigned column, unsigned row);
