/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds a part of the picture that has moved up, down, left or right, by comparing hashes of rows
 * (or columns) inside the damage before and after, and verifies it pixel by pixel: a copy that is
 * found is exact. Main thread.
 */
#pragma once

#include <stdbool.h>

#include "mtp-server/picture.h"

struct scroll {
	struct rectangle target;
	unsigned source_x, source_y;
};

/* picture->before and ->now differ in `damage`. False when nothing worth a copy has moved. */
bool scroll_find(
    const struct picture *picture, const struct block_set *damage, struct scroll *scroll);
