/* SPDX-License-Identifier: MIT */
/*
 * The glyphs that both sides of a stream hold: small images of a letter or two, exact to the pixel,
 * background included, each sent once and referred to afterwards by index and place. Which is
 * replaced is decided by a clock (second chance), so both sides decide alike. A place is coded as
 * what differs from the pen's: after which glyph it stood last, how far away, how high over the
 * line. Colours are 0x00RRGGBB. One thread.
 */
#pragma once

#include "mtp/range_coder.h"

#define GLYPHS_BITS 10
#define GLYPHS (1u << GLYPHS_BITS)
#define GLYPH_AREA 512u /* pixels of one glyph; GLYPHS of them are 2 MiB */
#define GLYPH_SIDE 64u
#define GLYPH_FOLLOWERS 4
#define GLYPHS_IN_TILE 4096u

/* A glyph that stood to the right of another, and how far. */
struct glyph_follower {
	uint16_t index;
	int16_t gap;
};

struct glyph {
	uint8_t width, height; /* 0: empty */
	bool referred;         /* since the clock's hand passed */
	int16_t rise;          /* from the line to its upper edge, when it was placed last */
	struct glyph_follower followers[GLYPH_FOLLOWERS]; /* the latest first */
};

/* Where the pen is: both sides move it alike. */
struct glyph_pen {
	int x, line, line_x, pitch;
	unsigned last; /* index of the glyph before */
};

struct glyphs {
	struct glyph glyphs[GLYPHS];
	uint32_t pixels[GLYPHS][GLYPH_AREA];
	unsigned hand;
	struct glyph_pen pen;
	range_bit more[2], is_new[2], is_follower[GLYPH_FOLLOWERS];
	range_bit index[GLYPHS], same_gap[2], same_line[2], new_line[2];
	struct range_number gap, x, y, width, height;
	uint16_t places[4096]; /* encoding: where a glyph with this hash may be; index + 1 */
};

void glyphs_init(struct glyphs *glyphs);
/* A new tile: the pen is at its corner. */
void glyphs_begin(struct glyphs *glyphs);

/* A glyph in a tile; encoding fills all but `index`, decoding gets all. */
struct glyph_place {
	unsigned x, y, width, height; /* in the tile */
	unsigned index;               /* GLYPHS: a new one, whose pixels follow */
};

/* Is there another place, and which? False at the end (encoding: `place` NULL). */
bool glyphs_encode(struct range_coder *c, struct glyphs *glyphs, const struct glyph_place *place);
bool glyphs_decode(struct range_coder *c, struct glyphs *glyphs, struct glyph_place *place);

/* The index for a new glyph of this size, whose pixels the caller writes; after the place has been
 * coded. */
unsigned glyphs_add(struct glyphs *glyphs, unsigned width, unsigned height);
/* Encoding: the glyph that looks like this, or GLYPHS. Rows are `stride` pixels apart; upper bytes
 * are ignored. And: finds the glyph from now on. */
unsigned glyphs_find(const struct glyphs *glyphs, const uint32_t *pixels, size_t stride,
    unsigned width, unsigned height);
void glyphs_note(struct glyphs *glyphs, unsigned index);
/* To be called once the place of a glyph is known and its index too: moves the pen. */
void glyphs_follow(struct glyphs *glyphs, const struct glyph_place *place);
