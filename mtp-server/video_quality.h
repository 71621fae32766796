/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far what video shows is from the original: squared errors of R, G and B as the client core
 * makes them (mtp/i420.h). Any thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "mtp/i420.h"

/* The mean squared error of a picture that nobody tells from its original, 45 dB, in hundredths:
 * 255^2 / 10^4.5; and what a block of it may have, so that no place stands out: 40 dB. */
#define VIDEO_ERROR_FINE 205u
#define VIDEO_ERROR_BLOCK 650u
#define VIDEO_SAMPLES 3u /* of a pixel */

/* Sum over the samples. The rectangle of `decoded` with what `beyond` names of its surroundings,
 * against pixels 0xXXRRGGBB, `stride` from row to row. At most 32 pixels a side; all four even. */
uint32_t video_quality_error(const struct mtp_i420 *decoded, unsigned x, unsigned y, unsigned width,
    unsigned height, unsigned beyond, const uint32_t *pixels, size_t stride);
