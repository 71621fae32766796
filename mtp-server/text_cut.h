/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds what may be letters in a rectangle of the picture: whatever stands alone on the background
 * when it is cut along its empty lines and columns, in turns (Nagy, Seth: "Hierarchical
 * representation of optically scanned documents", 1984), and is small enough. The background is the
 * colour of most pixels. What it finds need not be letters: it is exact pixels to whoever sends
 * them. One thread.
 */
#pragma once

#include "mtp/drawn.h"
#include "mtp-server/picture.h"

struct text_cut {
	struct glyph_place places[GLYPHS_IN_TILE]; /* in the rectangle; in reading order */
	unsigned n;
	uint8_t ink[4][MTP_MAX_SIDE]; /* scratch: columns with ink, for each depth */
};

void text_cut_find(struct text_cut *cut, const struct picture *picture, struct rectangle r);
