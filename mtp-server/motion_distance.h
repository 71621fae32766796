/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far did something move? Each piece of a line that is there once only tells where it was
 * before, and votes. Main thread.
 */
#pragma once

#include "mtp-server/line_hashes.h"

/* Part of the bands and lines of the screen. */
struct line_range {
	unsigned band, bands, line, lines;
};

#define DISTANCES_MAX 4

struct distance_votes {
	unsigned *votes; /* for a distance d: at [lines + d] */
	struct distance_place *places;
	unsigned capacity; /* of places, a power of two */
};

void distance_votes_init(struct distance_votes *votes, unsigned lines);
void distance_votes_finish(struct distance_votes *votes);

/* The distances, in lines, that most pieces moved (positive: down or right), the best first; how
 * many. Never 0. */
unsigned distance_votes_count(struct distance_votes *votes, const struct line_hashes *hashes,
    struct line_range range, int distances[DISTANCES_MAX]);
