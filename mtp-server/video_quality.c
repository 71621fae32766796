/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/video_quality.h"

#define SIDE 32u

static unsigned squared(unsigned a, unsigned b)
{
	int difference = (int)a - (int)b;
	return (unsigned)(difference * difference);
}

uint32_t video_quality_error(const struct mtp_i420 *decoded, unsigned x, unsigned y, unsigned width,
    unsigned height, unsigned beyond, const uint32_t *pixels, size_t stride)
{
	uint8_t rgba[SIDE * SIDE * 4];
	uint32_t error = 0;
	mtp_i420_get(decoded, x, y, width, height, beyond, rgba, (size_t)width * 4);
	for (unsigned row = 0; row < height; row++, pixels += stride) {
		const uint8_t *shown = rgba + (size_t)row * width * 4;
		for (unsigned i = 0; i < width; i++)
			error += squared(shown[4 * i], pixels[i] >> 16 & 255) +
			         squared(shown[4 * i + 1], pixels[i] >> 8 & 255) +
			         squared(shown[4 * i + 2], pixels[i] & 255);
	}
	return error;
}
