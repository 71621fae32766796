/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/drawn_content.h"

#define VISIBLE 0xffffffu
#define FLAT_SHARE 3   /* one part of so many is like the pixel to its left */
#define GROUND_SHARE 8 /* ... has the very same colour */
#define EDGE 48        /* difference in green at a stroke's side */
#define STROKE_MAX 12  /* pixels across */
#define STROKES_MIN 6  /* rows of strokes: a letter has more, an accident of light fewer */

/* Colours are counted by a hash of them: other colours in the same place are few, unless all are.
 */
static bool has_ground(const struct picture *picture, struct rectangle r)
{
	uint16_t counts[256] = {0};
	unsigned most = 0;
	for (unsigned y = 0; y < r.height; y++) {
		const uint32_t *pixel = picture_at(picture, r.x, r.y + y);
		for (unsigned x = 0; x < r.width; x++) {
			unsigned count = ++counts[(pixel[x] & VISIBLE) * 0x9e3779b1u >> 24];
			most = count > most ? count : most;
		}
	}
	return most * GROUND_SHARE >= r.width * r.height;
}

/* Smoothing puts a pixel or two between a stroke and what lies behind. */
static bool is_edge(const uint32_t *pixel, unsigned inside, unsigned outside)
{
	int step = (int)(pixel[inside] >> 8 & 255) - (int)(pixel[outside] >> 8 & 255);
	return step > EDGE || step < -EDGE;
}

/* Rows across strokes: two to twelve pixels of the very same colour between two edges. */
static unsigned count_strokes(const struct picture *picture, struct rectangle r)
{
	unsigned strokes = 0;
	for (unsigned y = 0; y < r.height; y++) {
		const uint32_t *pixel = picture_at(picture, r.x, r.y + y);
		for (unsigned begin = 2, x = 2; x + 2 < r.width; x++) {
			if (!((pixel[x] ^ pixel[x + 1]) & VISIBLE))
				continue;
			strokes += x > begin && x - begin < STROKE_MAX &&
			           is_edge(pixel, begin, begin - 2) && is_edge(pixel, x, x + 2);
			begin = x + 1;
		}
	}
	return strokes;
}

static unsigned count_flat(const struct picture *picture, struct rectangle r)
{
	unsigned flat = 0;
	for (unsigned y = 0; y < r.height; y++) {
		const uint32_t *pixel = picture_at(picture, r.x, r.y + y);
		for (unsigned x = 1; x < r.width; x++)
			flat += !((pixel[x] ^ pixel[x - 1]) & VISIBLE);
	}
	return flat;
}

bool content_is_drawn(const struct picture *picture, struct rectangle r)
{
	struct rectangle block = rectangle_clip(
	    r.x - r.x % BLOCK, r.y - r.y % BLOCK, BLOCK, BLOCK, picture->width, picture->height);
	return count_flat(picture, r) * FLAT_SHARE >= r.width * r.height ||
	       has_ground(picture, block) || count_strokes(picture, block) >= STROKES_MIN;
}
