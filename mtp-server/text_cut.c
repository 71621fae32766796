/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/text_cut.h"

#include <string.h>

#define DEPTH 4     /* turns of rows and columns */
#define AREA_MIN 6u /* smaller ones cost less as pixels */

struct view {
	const struct picture *picture;
	struct rectangle all;
	uint32_t background;
};

/* Boyer, Moore: the majority, if there is one; of every third pixel. */
static uint32_t background_of(const struct picture *picture, struct rectangle r)
{
	uint32_t colour = 0;
	size_t votes = 0;
	for (unsigned y = 0; y < r.height; y += 2)
		for (unsigned x = 0; x < r.width; x += 3) {
			uint32_t pixel = *picture_at(picture, r.x + x, r.y + y) & 0xffffff;
			if (!votes)
				colour = pixel;
			votes += pixel == colour ? 1 : -(size_t)1;
		}
	return colour;
}

static bool row_has_ink(const struct view *v, struct rectangle r, unsigned y)
{
	const uint32_t *pixel = picture_at(v->picture, r.x, y);
	for (unsigned x = 0; x < r.width; x++)
		if ((pixel[x] & 0xffffff) != v->background)
			return true;
	return false;
}

/* Part of a letter, which goes on where the client has it already or where nothing is known of it:
 * so it is cut off elsewhere the next time, and will not come again. */
static bool is_cut_off(const struct view *v, struct rectangle r)
{
	unsigned bottom = r.y + r.height, end = v->all.y + v->all.height;
	if (r.y == v->all.y && (!r.y || row_has_ink(v, r, r.y - 1)))
		return true;
	return bottom == end && (end == v->picture->height || row_has_ink(v, r, end));
}

static void add(struct text_cut *cut, const struct view *v, struct rectangle r)
{
	if (is_cut_off(v, r) || r.width * r.height < AREA_MIN || r.width > GLYPH_SIDE ||
	    r.height > GLYPH_SIDE || r.width * r.height > GLYPH_AREA || cut->n == GLYPHS_IN_TILE)
		return;
	cut->places[cut->n++] = (struct glyph_place){
	    .x = r.x - v->all.x, .y = r.y - v->all.y, .width = r.width, .height = r.height};
}

static void cut_rows(
    struct text_cut *cut, const struct view *v, struct rectangle r, unsigned depth, bool again);

/* A piece between empty columns: trimmed, it is a letter if it is as small as one. */
static void cut_columns(
    struct text_cut *cut, const struct view *v, struct rectangle r, unsigned depth)
{
	uint8_t *ink = cut->ink[depth];
	memset(ink, 0, r.width);
	for (unsigned y = r.y; y < r.y + r.height; y++) {
		const uint32_t *pixel = picture_at(v->picture, r.x, y);
		for (unsigned x = 0; x < r.width; x++)
			ink[x] |= (pixel[x] & 0xffffff) != v->background;
	}
	for (unsigned x = 0, begin; x < r.width; x++) {
		if (!ink[x])
			continue;
		for (begin = x; x < r.width && ink[x];)
			x++;
		struct rectangle piece = {r.x + begin, r.y, x - begin, r.height};
		bool whole = piece.width == r.width;
		cut_rows(cut, v, piece, depth + 1, !whole);
	}
}

static void trim(const struct view *v, struct rectangle *r)
{
	while (r->height && !row_has_ink(v, *r, r->y)) {
		r->y++;
		r->height--;
	}
	while (r->height && !row_has_ink(v, *r, r->y + r->height - 1))
		r->height--;
}

/* `again`: to be cut further along columns, and letters may stand in it. */
static void cut_rows(
    struct text_cut *cut, const struct view *v, struct rectangle r, unsigned depth, bool again)
{
	struct rectangle whole = r;
	trim(v, &whole);
	if (depth && again && whole.width * whole.height <= GLYPH_AREA) {
		add(cut, v, whole);
		return;
	}
	if (depth == DEPTH || whole.width * whole.height <= GLYPH_AREA)
		return;
	for (unsigned y = r.y, end = r.y + r.height, begin; y < end; y++) {
		if (!row_has_ink(v, r, y))
			continue;
		for (begin = y; y < end && row_has_ink(v, r, y);)
			y++;
		struct rectangle band = {r.x, begin, r.width, y - begin};
		if (band.height == r.height && depth && !again)
			return; /* neither way can it be cut */
		cut_columns(cut, v, band, depth);
	}
}

void text_cut_find(struct text_cut *cut, const struct picture *picture, struct rectangle r)
{
	const struct view v = {picture, r, background_of(picture, r)};
	cut->n = 0;
	cut_rows(cut, &v, r, 0, true);
}
