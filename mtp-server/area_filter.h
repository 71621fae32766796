/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Resampling by area: each pixel of the result is the mean of what it covers of the source, however
 * little of a pixel that is. Shrinking, every stroke of a text keeps its weight
 * wherever it falls (bilinear sampling loses thin ones); enlarging, pixels stay squares with edges
 * one pixel soft ("sharp bilinear"). No ringing, so plain surfaces stay plain and cheap to encode.
 * Colours are taken as they are, not as light: decision 086 measured that text reads better so.
 * Heckbert, "Fundamentals of Texture Mapping and Image Warping", 1989, 3.5: the box filter.
 *
 * A pixel of the result depends on the pixels that it covers and on nothing else, so that a part
 * computed alone equals the same part of the whole, bit by bit. One thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "mtp-server/blocks.h"

struct area_filter;

/* All sides at least 1. */
struct area_filter *area_filter_new(
    unsigned from_width, unsigned from_height, unsigned to_width, unsigned to_height);
void area_filter_free(struct area_filter *filter);

/* The pixels of the result that have a part in the rectangle of the source. */
struct rectangle area_filter_reach(const struct area_filter *filter, struct rectangle source);

/* Computes the rectangle `to` of the result; pixel (x, y) of it goes to
 * pixels[x * step_x + y * step_y], so that it may be turned on the way. Pixels are 0xXXRRGGBB. */
void area_filter_apply(struct area_filter *filter, const uint32_t *source, struct rectangle to,
    uint32_t *pixels, ptrdiff_t step_x, ptrdiff_t step_y);
