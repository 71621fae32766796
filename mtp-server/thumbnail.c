/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/thumbnail.h"

#include <glib.h>

#define QUALITY 80

/* The mean of a box. Sums stay below 2^32: a box has at most 8192 * 8192 / 16 pixels of 255. */
static uint32_t mean(const struct picture *picture, struct rectangle box)
{
	uint64_t red = 0, green = 0, blue = 0;
	for (unsigned y = box.y; y < box.y + box.height; y++) {
		const uint32_t *pixel = picture_at(picture, box.x, y);
		uint32_t r = 0, g = 0, b = 0;
		for (unsigned x = 0; x < box.width; x++) {
			r += pixel[x] >> 16 & 0xff;
			g += pixel[x] >> 8 & 0xff;
			b += pixel[x] & 0xff;
		}
		red += r;
		green += g;
		blue += b;
	}
	uint64_t n = (uint64_t)box.width * box.height;
	return (uint32_t)((red + n / 2) / n << 16 | (green + n / 2) / n << 8 | (blue + n / 2) / n);
}

size_t thumbnail_make(const struct picture *picture, unsigned width, struct jpeg_encoder *encoder,
    uint8_t *out, size_t capacity)
{
	width = CLAMP(width, THUMBNAIL_WIDTH_MIN, THUMBNAIL_WIDTH_MAX);
	width = MIN(width, picture->width);
	unsigned height = MAX((unsigned)((uint64_t)width * picture->height / picture->width), 1u);
	g_autofree uint32_t *pixels = g_new(uint32_t, (size_t)width * height);
	for (unsigned y = 0; y < height; y++)
		for (unsigned x = 0; x < width; x++) {
			unsigned left = (unsigned)((uint64_t)x * picture->width / width);
			unsigned right = (unsigned)((uint64_t)(x + 1) * picture->width / width);
			unsigned top = (unsigned)((uint64_t)y * picture->height / height);
			unsigned bottom = (unsigned)((uint64_t)(y + 1) * picture->height / height);
			pixels[(size_t)y * width + x] = mean(
			    picture, (struct rectangle){left, top, right - left, bottom - top});
		}
	return jpeg_encode(encoder, pixels, width, width, height, QUALITY, out, capacity);
}
