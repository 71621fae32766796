/* SPDX-License-Identifier: MIT */
/*
 * Which colour does the next pixel have? A model that both sides of a stream keep, and that
 * outlives an update: what followed a neighbourhood the last times is guessed again, which is a
 * match model in two dimensions, over symbols ranked as in Fenwick: "Symbol ranking text
 * compression" (1996); then the neighbours themselves are tried, then a hashed cache of recent
 * colours (as QOI's), then the difference from the left neighbour is written. Colours are
 * 0x00RRGGBB. One thread.
 */
#pragma once

#include <string.h>

#include "mtp/range_coder.h"

#define COLOUR_WIDE_BITS 16
#define COLOUR_NEAR_BITS 12
#define COLOUR_CACHE 256
#define COLOUR_CONFIDENT 15 /* the most that repeated success counts */
#define COLOUR_OTHERS 7     /* guesses after the first ones */

/* Neighbourhoods, the largest first. */
enum colour_level { COLOUR_FAR, COLOUR_WIDE, COLOUR_NEAR, COLOUR_LEVELS };

/* What followed a neighbourhood: the last colour, and the one before it. */
struct colour_guess {
	uint32_t first;  /* above it 4 bits: its success, and whether the entry is in use */
	uint32_t second; /* above it 8 bits of the neighbourhood's hash, against collisions */
};

struct colour_model {
	struct colour_guess far[1 << COLOUR_WIDE_BITS];
	struct colour_guess wide[1 << COLOUR_WIDE_BITS];
	struct colour_guess near[1 << COLOUR_NEAR_BITS];
	uint32_t cache[COLOUR_CACHE];
	range_bit first[COLOUR_LEVELS][16][17][4];
	range_bit others[COLOUR_OTHERS][16];
	range_bit cached[2];
	range_bit slots[2][COLOUR_CACHE];
	range_bit differences[3][256];
};

/* The pixels around: `at` is the pixel's own place in its row, of which what lies to the left is
 * known, `up` and `up2` the same place in the rows before. Five pixels to either side exist. */
struct colour_place {
	const uint32_t *at, *up, *up2;
};

void colour_model_init(struct colour_model *model);

/* In: the colour to encode. Out: the colour. `except` is a colour that it is known not to be
 * (COLOUR_NONE: none). */
#define COLOUR_NONE UINT32_MAX
uint32_t colour_encode(struct range_coder *c, struct colour_model *model, struct colour_place p,
    uint32_t colour, uint32_t except);
uint32_t colour_decode(
    struct range_coder *c, struct colour_model *model, struct colour_place p, uint32_t except);
