/* SPDX-License-Identifier: MIT */
#include "mtp/glyphs.h"

#include <string.h>

#define COLOUR_MASK 0xffffffu

void glyphs_init(struct glyphs *g)
{
	memset(g->glyphs, 0, sizeof g->glyphs);
	memset(g->places, 0, sizeof g->places);
	g->hand = 0;
	g->pen = (struct glyph_pen){0};
	range_bits_init(g->more, 2);
	range_bits_init(g->is_new, 2);
	range_bits_init(g->is_follower, GLYPH_FOLLOWERS);
	range_bits_init(g->index, GLYPHS);
	range_bits_init(g->same_gap, 2);
	range_bits_init(g->same_line, 2);
	range_bits_init(g->new_line, 2);
	range_number_init(&g->gap);
	range_number_init(&g->x);
	range_number_init(&g->y);
	range_number_init(&g->width);
	range_number_init(&g->height);
}

void glyphs_begin(struct glyphs *g)
{
	int pitch = g->pen.pitch;
	g->pen = (struct glyph_pen){.pitch = pitch, .last = g->pen.last};
}

/* Which one: one that has followed the last glyph before, or by its number. */
RANGE_INLINE unsigned code_index(
    struct range_coder *c, struct glyphs *g, unsigned index, int *gap, const bool decoding)
{
	const struct glyph *last = &g->glyphs[g->pen.last];
	for (unsigned i = 0; i < GLYPH_FOLLOWERS; i++) {
		const struct glyph_follower *f = &last->followers[i];
		if (range_code(c, &g->is_follower[i], f->index == index, 60, decoding)) {
			*gap = f->gap;
			return f->index;
		}
	}
	return range_code_tree(c, g->index, GLYPHS_BITS, index, decoding);
}

/* From the pen, or at the beginning of a new line. */
RANGE_INLINE int code_x(
    struct range_coder *c, struct glyphs *g, int x, int gap, bool *new_line, const bool decoding)
{
	*new_line = range_code(
	    c, &g->new_line[0], !decoding && x < g->pen.x - (int)GLYPH_SIDE / 2, 60, decoding);
	if (*new_line)
		return g->pen.line_x + range_code_signed(c, &g->x, x - g->pen.line_x, decoding);
	if (range_code(c, &g->same_gap[0], x - g->pen.x == gap, 60, decoding))
		return g->pen.x + gap;
	return g->pen.x + range_code_signed(c, &g->gap, x - g->pen.x, decoding);
}

RANGE_INLINE int code_y(struct range_coder *c, struct glyphs *g, int y, int expected,
    unsigned context, const bool decoding)
{
	if (range_code(c, &g->same_line[context], y == expected, 60, decoding))
		return expected;
	return expected + range_code_signed(c, &g->y, y - expected, decoding);
}

RANGE_INLINE bool code_place(
    struct range_coder *c, struct glyphs *g, struct glyph_place *p, const bool decoding)
{
	int gap = 0, rise = 0;
	bool is_new = range_code(c, &g->is_new[0], p->index == GLYPHS, 60, decoding), new_line;
	if (is_new) {
		p->index = GLYPHS;
		p->width = 1 + range_code_number(c, &g->width, p->width - 1, decoding);
		p->height = 1 + range_code_number(c, &g->height, p->height - 1, decoding);
	} else {
		p->index = code_index(c, g, p->index, &gap, decoding);
		p->width = g->glyphs[p->index].width;
		p->height = g->glyphs[p->index].height;
		rise = g->glyphs[p->index].rise;
	}
	p->x = (unsigned)code_x(c, g, (int)p->x, gap, &new_line, decoding);
	if (new_line) {
		g->pen.line += g->pen.pitch;
		g->pen.line_x = (int)p->x;
	}
	p->y = (unsigned)code_y(c, g, (int)p->y, g->pen.line + rise, new_line, decoding);
	return true;
}

bool glyphs_encode(struct range_coder *c, struct glyphs *g, const struct glyph_place *place)
{
	if (!range_code(c, &g->more[0], place != NULL, 60, false))
		return false;
	struct glyph_place p = *place;
	return code_place(c, g, &p, false);
}

bool glyphs_decode(struct range_coder *c, struct glyphs *g, struct glyph_place *place)
{
	*place = (struct glyph_place){0};
	return range_code(c, &g->more[0], 0, 60, true) && code_place(c, g, place, true);
}

unsigned glyphs_add(struct glyphs *g, unsigned width, unsigned height)
{
	while (g->glyphs[g->hand].referred) {
		g->glyphs[g->hand].referred = false;
		g->hand = (g->hand + 1) % GLYPHS;
	}
	unsigned index = g->hand;
	g->hand = (g->hand + 1) % GLYPHS;
	g->glyphs[index] = (struct glyph){.width = (uint8_t)width, .height = (uint8_t)height};
	return index;
}

static void note_follower(struct glyph *last, unsigned index, int gap)
{
	unsigned i = 0;
	while (i < GLYPH_FOLLOWERS - 1 && last->followers[i].index != index)
		i++;
	memmove(last->followers + 1, last->followers, i * sizeof *last->followers);
	last->followers[0] = (struct glyph_follower){(uint16_t)index, (int16_t)gap};
}

void glyphs_follow(struct glyphs *g, const struct glyph_place *p)
{
	struct glyph *glyph = &g->glyphs[p->index];
	struct glyph_pen *pen = &g->pen;
	int off = (int)p->y - (pen->line + glyph->rise);
	/* Where a line is, is told by a glyph that stood on one; a new glyph learns it there. */
	if (glyph->referred && off) {
		pen->pitch = off > 0 && off < (int)GLYPH_SIDE * 2 ? off : pen->pitch;
		pen->line += off;
	} else if (!glyph->referred) {
		glyph->rise = (int16_t)((int)p->y - pen->line);
	}
	note_follower(&g->glyphs[pen->last], p->index, (int)p->x - pen->x);
	glyph->referred = true;
	pen->last = p->index;
	pen->x = (int)(p->x + p->width);
}

static unsigned hash_of(const uint32_t *pixels, size_t stride, unsigned width, unsigned height)
{
	uint32_t h = width * 0x85ebca77u + height;
	for (unsigned y = 0; y < height; y++)
		for (unsigned x = 0; x < width; x++) {
			h = (h ^ (pixels[y * stride + x] & COLOUR_MASK)) * 0x9e3779b1u;
			h ^= h >> 15;
		}
	return h % 4096;
}

static bool looks_like(const struct glyphs *g, unsigned index, const uint32_t *pixels,
    size_t stride, unsigned width, unsigned height)
{
	const uint32_t *held = g->pixels[index];
	if (g->glyphs[index].width != width || g->glyphs[index].height != height)
		return false;
	for (unsigned y = 0; y < height; y++)
		for (unsigned x = 0; x < width; x++)
			if ((pixels[y * stride + x] & COLOUR_MASK) != *held++)
				return false;
	return true;
}

unsigned glyphs_find(
    const struct glyphs *g, const uint32_t *pixels, size_t stride, unsigned width, unsigned height)
{
	unsigned known = g->places[hash_of(pixels, stride, width, height)];
	return known && looks_like(g, known - 1, pixels, stride, width, height) ? known - 1
	                                                                        : GLYPHS;
}

void glyphs_note(struct glyphs *g, unsigned index)
{
	const struct glyph *glyph = &g->glyphs[index];
	g->places[hash_of(g->pixels[index], glyph->width, glyph->width, glyph->height)] =
	    (uint16_t)(index + 1);
}
