/* SPDX-License-Identifier: MIT */
/*
 * DRAWN tiles: text, icons and surfaces, exactly (PROTOCOL.md, "DRAWN"). Both sides of a stream
 * keep a `struct drawn`, which learns the same from every tile; so a tile is decoded once, in
 * order, by the one state that it was encoded for. No memory is allocated; one thread.
 *
 * A tile's bytes: u8 flags, u32 check when DRAWN_CHECK is set, then what the range coder wrote.
 */
#pragma once

#include "mtp/colour_model.h"
#include "mtp/glyphs.h"
#include "mtp/messages.h"

enum drawn_flag {
	DRAWN_RESET = 1,   /* the state is as new before this tile */
	DRAWN_ABOVE = 2,   /* the rows above the tile are known: they are context */
	DRAWN_BELOW = 4,   /* those below it are: the tile's rows go from the bottom up */
	DRAWN_CHECK = 8,   /* what the state's checksum was before this tile */
	DRAWN_GLYPHS = 16, /* glyphs come before the rows, which leave them out */
	DRAWN_FLAGS = 31,
};

#define DRAWN_RESETS_MAX 4   /* in one update: a new state is costly */
#define DRAWN_MARGIN 5       /* pixels beside a row */
#define DRAWN_CHECK_EVERY 32 /* tiles, for the encoder */
#define DRAWN_LENGTHS 14     /* of plain stretches, by bits */
#define DRAWN_ROW (MTP_MAX_SIDE + 2 * DRAWN_MARGIN)

/* Where the glyphs of a tile are, by the row that they begin in. */
struct drawn_glyphs {
	struct glyph_place places[GLYPHS_IN_TILE];
	uint16_t next[GLYPHS_IN_TILE]; /* that begins in the same row; + 1, 0: none */
	uint16_t first[MTP_MAX_SIDE];
	uint16_t active[GLYPHS_IN_TILE];
	unsigned n, n_active;
};

struct drawn {
	struct colour_model colours;
	range_bit whole[DRAWN_LENGTHS][4];
	struct range_number stretch[2];
	uint32_t rows[3][DRAWN_ROW]; /* the current one and the two before */
	struct glyphs glyphs;
	struct drawn_glyphs in_tile;
	uint8_t covered[MTP_MAX_SIDE]; /* pixels of the row that a glyph has drawn */
	uint32_t referred;             /* glyphs of the last tile that were not new */
	bool used;                     /* not new any more */
	uint32_t tiles;                /* since the state was new */
	uint32_t checksum;             /* of what it has learnt; folded along after each tile */
};

void drawn_init(struct drawn *drawn);

struct drawn_area {
	unsigned x, y, width, height;
};

/* The server's picture: 0xXXRRGGBB. */
struct drawn_source {
	const uint32_t *pixels;
	unsigned width, height; /* without gaps between the rows */
};

/* The client's: bytes R, G, B, A. */
struct drawn_target {
	uint8_t *pixels;
	unsigned width, height;
};

/* Disjoint rectangles of the tile that may be letters, in reading order; each of at most GLYPH_AREA
 * pixels and GLYPH_SIDE a side, at most GLYPHS_IN_TILE. Only `x` to `height` are looked at. */
struct drawn_letters {
	const struct glyph_place *places;
	unsigned n;
};

/* Encodes into at most `room` bytes; how many, or 0: it did not fit. Then, or when the bytes are
 * not sent after all, the next tile must be encoded with DRAWN_RESET. `flags`: of enum drawn_flag
 * but DRAWN_CHECK; of ABOVE and BELOW at most one, and only where there are two rows. */
size_t drawn_encode(struct drawn *drawn, const struct drawn_source *source, struct drawn_area area,
    const struct drawn_letters *letters, unsigned flags, uint8_t *out, size_t room);

enum drawn_result {
	DRAWN_OK,
	DRAWN_MALFORMED,   /* flags that cannot be, or bytes that are too short */
	DRAWN_OUT_OF_STEP, /* the two states are not the same */
};
/* The area lies within the target. What is not DRAWN_OK leaves the area and the state undefined:
 * until a tile with DRAWN_RESET nothing else may be decoded. */
enum drawn_result drawn_decode(struct drawn *drawn, const struct drawn_target *target,
    struct drawn_area area, const uint8_t *bytes, size_t n);
/* Does the tile begin with a new state? */
bool drawn_is_reset(const uint8_t *bytes, size_t n);
