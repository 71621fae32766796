/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much more roughly than on an ample line a viewer's pictures in motion are sent, because its
 * line would take too long for them. In steps of H.264's quantiser (ITU-T H.264, 8.5.8: six of them
 * double it, and nearly halve the bytes). It follows what pictures took: by as much as is too much,
 * at most six a picture, and back by one at a time, so that nobody sees it jump. What was
 * sent roughly is refined when it is quiet, as always. Pure arithmetic.
 */
#pragma once

#include <stdbool.h>

#include "mtp-server/delivery.h"

#define ROUGHNESS_MAX 20u           /* blotches, but one sees what it is */
#define ROUGHNESS_PICTURE_US 100000 /* that a picture may take on the line */

struct roughness {
	double steps;
	size_t bytes; /* of the picture that is under way; only what could be rougher */
};

/* An update has been sent, with so many bytes that could have been fewer; `whole`: it is the last
 * of a picture. */
void roughness_sent(
    struct roughness *roughness, const struct delivery *delivery, size_t bytes, bool whole);
unsigned roughness_steps(const struct roughness *roughness); /* up to ROUGHNESS_MAX */
/* JPEG's quality (libjpeg's 1 to 100) with quantisers so many steps above those of `quality`, which
 * is at least 50. */
int roughness_jpeg_quality(int quality, unsigned steps);
