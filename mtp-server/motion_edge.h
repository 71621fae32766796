/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sides of what moved, to the pixel: a region is found in bands of BLOCK pixels, and in those
 * that it fills only partly, or that something translucent lies over (a scroll bar, a shadow), its
 * pixels are counted. Pure.
 */
#pragma once

#include "mtp-server/line_hashes.h"

/* Widens target and source across the axis as long as more pixels come right than go wrong. */
void motion_edge_widen(const struct picture *picture, enum axis axis, struct rectangle *target,
    unsigned *source_x, unsigned *source_y);
