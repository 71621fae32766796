/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which part of the screen moved by a given distance? A grid says for each piece of a line whether
 * it is what lay that far away before; the rectangle of the grid that explains most of what changed
 * is the region. Main thread.
 */
#pragma once

#include "mtp-server/motion_distance.h"

struct region_grid {
	const struct line_hashes *hashes;
	struct line_range range;
	int distance;
	/* Line after line, range.bands each. */
	uint8_t *moved; /* is it? */
	unsigned
	    *changes; /* so many pieces above and left of here changed; a row and a column more */
	/* private */
	unsigned *runs, *stack;
};

/* For ranges of so many bands and lines. */
void region_grid_init(struct region_grid *grid, unsigned bands, unsigned lines);
void region_grid_finish(struct region_grid *grid);

void region_grid_fill(struct region_grid *grid, const struct line_hashes *hashes,
    struct line_range range, int distance);
/* Those pieces are explained already. */
void region_grid_take(struct region_grid *grid, struct line_range taken);
/* The region whose move explains most of what changed; how much: 16 for a piece of a line that is
 * unlike its neighbour, 1 for a plain one. */
unsigned region_grid_best(struct region_grid *grid, struct line_range *region);
