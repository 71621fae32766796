/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hashes of the screen's lines, cut in pieces of BLOCK pixels: of rows (a block's 32 rows of 32
 * pixels) to find what moved up or down, of columns for what moved sideways. Those of the picture
 * before a change are what the change before left behind, so only what is new is hashed. A hash is
 * the sum of pixels times odd factors (multilinear hashing: D. Lemire, O. Kaser, "Strongly
 * universal string hashing is fast", 2014). It only proposes: what is taken is compared pixel by
 * pixel. Main thread.
 */
#pragma once

#include "mtp-server/picture.h"

enum axis {
	AXIS_VERTICAL,   /* lines are rows, bands are columns of blocks */
	AXIS_HORIZONTAL, /* lines are columns, bands are rows of blocks */
};

struct line_hashes {
	enum axis axis;
	unsigned bands, lines;
	uint32_t *before, *now; /* bands * lines: band after band */
	/* private */
	uint8_t *known; /* a block: is its part of `before` right? */
	uint32_t factors[BLOCK];
};

void line_hashes_init(struct line_hashes *hashes, enum axis axis, unsigned width, unsigned height);
void line_hashes_finish(struct line_hashes *hashes);

/* Makes `before` and `now` right for all blocks in the damage's bounds. */
void line_hashes_update(
    struct line_hashes *hashes, const struct picture *picture, const struct block_set *damage);
/* After line_hashes_update(): the change is over, now is before. */
void line_hashes_settle(struct line_hashes *hashes, const struct block_set *damage);
/* Instead of both: the damage was not worth hashing. */
void line_hashes_forget(struct line_hashes *hashes, const struct block_set *damage);
