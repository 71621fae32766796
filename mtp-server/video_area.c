/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/video_area.h"

#include <glib.h>
#include <stdlib.h>

#include "mtp-server/palette.h"

#define AGAIN_MS 300 /* changes further apart are no motion */
#define END_MS 10000 /* without motion: what begins anew costs a key picture */
#define HOT 2        /* changes in a row that make a block one that moves */
#define HOT_MIN 12   /* blocks: less is not worth a stream */
#define SUDDEN 8     /* one part of so many of the screen at once needs no second change */
#define WHOLE 2      /* an area of more than one part of so many is taken to be the screen */

/* Of pairs of neighbouring samples. */
#define STEP 2  /* every second row is looked at */
#define EDGE 48 /* difference, of green, that only something drawn has often */
#define EDGES 2 /* of a block that has a stroke in it */
#define CELL (BLOCK / 2)
#define CELL_COLOURS 64 /* of a quarter of a block with text */
#define COLOURS 160     /* of a block of text in several colours, anti-aliased */

struct video_block {
	uint32_t changed_ms;
	uint8_t heat;
};

void video_area_init(struct video_area *v, unsigned width, unsigned height)
{
	*v = (struct video_area){
	    .columns = (width + BLOCK - 1) / BLOCK,
	    .rows = (height + BLOCK - 1) / BLOCK,
	};
	v->blocks = g_new0(struct video_block, (size_t)v->columns * v->rows);
}

void video_area_finish(struct video_area *v)
{
	g_free(v->blocks);
	*v = (struct video_area){0};
}

/* Neighbours that are equal, and that are far apart, of `*pairs`. */
static void count_pairs(const struct picture *picture, struct rectangle r, unsigned *pairs,
    unsigned *equal, unsigned *edges)
{
	*pairs = *equal = *edges = 0;
	for (unsigned y = r.y; y < r.y + r.height; y += STEP) {
		const uint32_t *pixel = picture_at(picture, r.x, y);
		for (unsigned x = 0; x + 1 < r.width; x++) {
			int step = (int)(pixel[x] >> 8 & 255) - (int)(pixel[x + 1] >> 8 & 255);
			*equal += ((pixel[x] ^ pixel[x + 1]) & 0xffffff) == 0;
			*edges += step > EDGE || step < -EDGE;
		}
		*pairs += r.width - 1;
	}
}

enum video_content video_content(const struct picture *picture, unsigned column, unsigned row)
{
	struct rectangle r = {column * BLOCK, row * BLOCK, BLOCK, BLOCK};
	r.width = MIN(r.width, picture->width - r.x);
	r.height = MIN(r.height, picture->height - r.y);
	unsigned pairs, equal, edges;
	count_pairs(picture, r, &pairs, &equal, &edges);
	if (equal == pairs)
		return VIDEO_DRAWN;
	/* Strokes are sharp, on something flat, and of few colours. */
	bool sharp = edges >= EDGES;
	if (!sharp)
		return equal * 10 > pairs * 9 ? VIDEO_SMOOTH : VIDEO_PHOTOGRAPH;
	if (equal * 4 < pairs)
		return VIDEO_PHOTOGRAPH;
	struct palette palette;
	palette_init(&palette);
	bool few = palette_add_rectangle(&palette, picture, r) && palette.size <= COLOURS;
	return few ? VIDEO_DRAWN : VIDEO_PHOTOGRAPH;
}

bool video_has_text(const struct picture *picture, unsigned column, unsigned row)
{
	for (unsigned i = 0; i < 4; i++) {
		struct rectangle r = rectangle_clip(column * BLOCK + i % 2 * CELL,
		    row * BLOCK + i / 2 * CELL, CELL, CELL, picture->width, picture->height);
		unsigned pairs, equal, edges;
		count_pairs(picture, r, &pairs, &equal, &edges);
		struct palette palette;
		palette_init(&palette);
		if (edges >= EDGES && equal * 2 >= pairs &&
		    palette_add_rectangle(&palette, picture, r) && palette.size <= CELL_COLOURS)
			return true;
	}
	return false;
}

struct rectangle video_area_of(const struct picture *picture, struct rectangle r)
{
	unsigned left = r.x / BLOCK, right = (r.x + r.width + BLOCK - 1) / BLOCK;
	unsigned top = r.y / BLOCK, bottom = (r.y + r.height + BLOCK - 1) / BLOCK;
	unsigned width = MIN(right * BLOCK, picture->width);
	unsigned height = MIN(bottom * BLOCK, picture->height);
	if ((right - left) * (bottom - top) * WHOLE > picture->columns * picture->rows) {
		left = top = 0;
		width = picture->width;
		height = picture->height;
	}
	width -= width % 2 ? width % BLOCK : 0;
	height -= height % 2 ? height % BLOCK : 0;
	if (width <= left * BLOCK || height <= top * BLOCK)
		return (struct rectangle){0};
	return (struct rectangle){
	    left * BLOCK, top * BLOCK, width - left * BLOCK, height - top * BLOCK};
}

static void note_block(struct video_block *block, uint32_t now_ms)
{
	bool again = block->heat && now_ms - block->changed_ms <= AGAIN_MS;
	block->heat = (uint8_t)(again ? MIN(block->heat + 1, HOT) : 1);
	block->changed_ms = now_ms;
}

void video_area_note(
    struct video_area *v, const struct picture *picture, const struct block_set *damage)
{
	unsigned left = UINT_MAX, top = UINT_MAX, right = 0, bottom = 0, hot = 0, fresh = 0;
	uint32_t now = picture->time_ms;
	for (unsigned row = 0; row < damage->rows && damage->count; row++)
		for (unsigned column = 0; column < damage->columns; column++) {
			if (!block_set_has(damage, column, row) ||
			    video_content(picture, column, row) != VIDEO_PHOTOGRAPH)
				continue;
			struct video_block *block = &v->blocks[row * v->columns + column];
			note_block(block, now);
			fresh++;
			hot += block->heat >= HOT;
			left = MIN(left, column);
			top = MIN(top, row);
			right = MAX(right, column + 1);
			bottom = MAX(bottom, row + 1);
		}
	bool moves = hot >= HOT_MIN || fresh * SUDDEN > v->columns * v->rows;
	if (moves) {
		struct rectangle blocks = {
		    left * BLOCK, top * BLOCK, (right - left) * BLOCK, (bottom - top) * BLOCK};
		struct rectangle around = video_area_of(picture, blocks);
		struct rectangle both = rectangle_union(v->area, around);
		bool fits = both.width == v->area.width && both.height == v->area.height;
		if (!fits && !rectangle_is_empty(both))
			v->area = video_area_of(picture, both);
		v->moved_ms = now;
	} else if (hot) {
		v->moved_ms = now;
	} else if (now - v->moved_ms > END_MS) {
		v->area = (struct rectangle){0};
	}
}
