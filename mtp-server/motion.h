/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has only moved between two pictures: pages that scroll, windows and panels that slide, up,
 * down or sideways, several at once. The result is a list of copies, to be made one after the
 * other, and what differs after them, to the pixel: so it is exact however good the copies are.
 * Main thread.
 */
#pragma once

#include "mtp-server/picture.h"

#define MOTION_COPIES_MAX 8

struct copy {
	struct rectangle target;
	unsigned source_x, source_y; /* its corner; as large as the target */
};

struct motion {
	struct copy copies[MOTION_COPIES_MAX];
	unsigned count;
	struct block_set rest; /* what to send after the copies */
};

struct motion_finder;

struct motion_finder *motion_finder_new(unsigned width, unsigned height);
void motion_finder_free(struct motion_finder *finder);

/* picture->before and ->now differ in `damage`. Makes the copies in ->before, which then differs
 * from ->now in the rest. The result is borrowed until the next call. */
const struct motion *motion_find(
    struct motion_finder *finder, struct picture *picture, const struct block_set *damage);
