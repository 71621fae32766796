/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/screen/adapted.h"

#include "mtp-server/adapt.h"

void adapted_frame(
    const struct ppm *frame, const struct mtp_terminal *terminal, struct ppm *adapted)
{
	const struct adapt_wish wish = {
	    terminal->width, terminal->height, terminal->rotation, terminal->scaling};
	struct adapt_fit fit = adapt_fit(frame->width, frame->height, &wish);
	AUTO(adapt) adapt = adapt_new(&fit);
	struct picture picture;
	struct block_set all;
	picture_init(&picture, frame->width, frame->height);
	block_set_init(&all, frame->width, frame->height);
	for (size_t i = 0; i < (size_t)frame->width * frame->height; i++) {
		const uint8_t *rgb = frame->rgb + 3 * i;
		picture.now[i] = (uint32_t)rgb[0] << 16 | (uint32_t)rgb[1] << 8 | rgb[2];
	}
	adapt_damage(adapt, &picture, &all);
	size_t pixels = (size_t)fit.width * fit.height;
	const uint32_t *xrgb = (const uint32_t *)(const void *)adapt_surface(adapt)->pixels;
	*adapted = (struct ppm){fit.width, fit.height, g_malloc(pixels * 3)};
	for (size_t i = 0; i < pixels * 3; i++)
		adapted->rgb[i] = (uint8_t)(xrgb[i / 3] >> (16 - 8 * (i % 3)));
	picture_finish(&picture);
	block_set_finish(&all);
}
