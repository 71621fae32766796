/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/screen/text_mask.h"

#include <math.h>
#include <string.h>

#define CONTRAST 48          /* levels of luma between stroke and background */
#define BACKGROUND_SHARE 0.5 /* of a cell's pixels have the very same colour */
#define STROKE_MIN 6         /* pixels */
#define STROKE_WIDTH 8       /* pixels across; wider is an area, not a stroke */

static const uint8_t *at(const struct ppm *ppm, unsigned x, unsigned y)
{
	return ppm->rgb + ((size_t)y * ppm->width + x) * 3;
}

static int luma(const uint8_t *rgb)
{
	return (54 * rgb[0] + 183 * rgb[1] + 19 * rgb[2]) / 256;
}

/* The colour that more than half of the pixels have, if one does (Boyer and Moore's majority vote,
 * 1981), and how many have it. */
static unsigned find_background(
    const struct ppm *ppm, unsigned left, unsigned top, const uint8_t **background)
{
	unsigned votes = 0, count = 0;
	for (unsigned i = 0; i < TEXT_CELL * TEXT_CELL; i++) {
		const uint8_t *pixel = at(ppm, left + i % TEXT_CELL, top + i / TEXT_CELL);
		if (!votes)
			*background = pixel;
		votes += memcmp(pixel, *background, 3) == 0 ? 1u : -1u;
	}
	for (unsigned i = 0; i < TEXT_CELL * TEXT_CELL; i++)
		count +=
		    memcmp(at(ppm, left + i % TEXT_CELL, top + i / TEXT_CELL), *background, 3) == 0;
	return count;
}

bool text_mask_has(const struct ppm *ppm, unsigned column, unsigned row)
{
	unsigned left = column * TEXT_CELL, top = row * TEXT_CELL;
	if (left + TEXT_CELL > ppm->width || top + TEXT_CELL > ppm->height)
		return false;
	const uint8_t *background = NULL;
	if (find_background(ppm, left, top, &background) < BACKGROUND_SHARE * TEXT_CELL * TEXT_CELL)
		return false;
	int ground = luma(background);
	unsigned strokes = 0;
	for (unsigned y = 0; y < TEXT_CELL; y++) {
		unsigned run = 0;
		for (unsigned x = 0; x <= TEXT_CELL; x++) {
			bool ink = x < TEXT_CELL &&
			           ABS(luma(at(ppm, left + x, top + y)) - ground) >= CONTRAST;
			if (ink)
				run++;
			else if (run && run <= STROKE_WIDTH)
				strokes += run;
			if (!ink)
				run = 0;
		}
	}
	return strokes >= STROKE_MIN;
}

void text_score_add(struct text_score *score, const struct ppm *frame, const uint8_t *rgba)
{
	for (unsigned row = 0; row < frame->height / TEXT_CELL; row++)
		for (unsigned column = 0; column < frame->width / TEXT_CELL; column++) {
			if (!text_mask_has(frame, column, row))
				continue;
			score->pixels += TEXT_CELL * TEXT_CELL;
			for (unsigned i = 0; i < TEXT_CELL * TEXT_CELL; i++) {
				unsigned x = column * TEXT_CELL + i % TEXT_CELL;
				unsigned y = row * TEXT_CELL + i / TEXT_CELL;
				score->exact +=
				    memcmp(at(frame, x, y),
				        rgba + ((size_t)y * frame->width + x) * 4, 3) == 0;
			}
		}
}

double text_score_exact(const struct text_score *score)
{
	if (!score->pixels)
		return 1;
	return floor((double)score->exact / (double)score->pixels * 1e6) / 1e6;
}
