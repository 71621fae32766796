/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A time in the pixels: 64 bits as black and white squares in the upper left corner, so that
 * whoever shows the picture tells when it was drawn. Microseconds of any one clock. Pixels are four
 * bytes; any of them but the last says which square it is.
 */
#pragma once

#include <stdint.h>

#define STAMP_SIDE 8u    /* pixels of a square */
#define STAMP_COLUMNS 16 /* squares in a row */
#define STAMP_WIDTH (STAMP_COLUMNS * STAMP_SIDE)
#define STAMP_HEIGHT (64 / STAMP_COLUMNS * STAMP_SIDE)

static inline void stamp_write(uint32_t *pixels, unsigned width, uint64_t time)
{
	for (unsigned y = 0; y < STAMP_HEIGHT; y++)
		for (unsigned x = 0; x < STAMP_WIDTH; x++) {
			unsigned bit = y / STAMP_SIDE * STAMP_COLUMNS + x / STAMP_SIDE;
			pixels[y * width + x] = time >> bit & 1 ? 0xffffff : 0;
		}
}

static inline uint64_t stamp_read(const void *pixels, unsigned width)
{
	const uint8_t *bytes = pixels;
	uint64_t time = 0;
	for (unsigned bit = 0; bit < 64; bit++) {
		unsigned x = bit % STAMP_COLUMNS * STAMP_SIDE + STAMP_SIDE / 2;
		unsigned y = bit / STAMP_COLUMNS * STAMP_SIDE + STAMP_SIDE / 2;
		time |= (uint64_t)(bytes[((size_t)y * width + x) * 4 + 1] > 127) << bit;
	}
	return time;
}
