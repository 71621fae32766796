/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A screen as dark letters on white paper, which is what recognisers of text are taught: each pixel
 * becomes how much it differs from the ground around it, and the ground is the grey that is
 * there most often. Light letters on dark bars and dark ones on light pages come out alike.
 */
#pragma once

#include <stdint.h>

/* Grey, a byte a pixel, rows without padding; 0 is ink, 255 paper. */
struct ink {
	unsigned width, height;
	uint8_t *pixels; /* owned; g_free() */
};

/* `pixels`: width * height of 0xXXRRGGBB, both at least 1. */
void ink_init(struct ink *ink, const uint32_t *pixels, unsigned width, unsigned height);
void ink_finish(struct ink *ink);
