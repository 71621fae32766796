/* SPDX-License-Identifier: MIT */
#include "mtp/drawn_checksum.h"

#define CHECKED 64     /* entries of a table that one tile folds into the checksum */
#define CHECKED_BITS 8 /* probabilities of each kind */

static uint32_t fold(uint32_t sum, uint32_t word)
{
	return (sum ^ word) * 0x9e3779b1u;
}

static uint32_t fold_guesses(
    uint32_t sum, const struct colour_guess *table, unsigned size, unsigned n, uint32_t tile)
{
	for (unsigned i = 0; i < n; i++) {
		const struct colour_guess *g = &table[(tile * n + i) % size];
		sum = fold(sum, g->first);
		sum = (sum ^ g->second ^ sum >> 15) * 0x85ebca77u;
	}
	return sum;
}

static uint32_t fold_bits(uint32_t sum, const range_bit *bits, unsigned size, uint32_t tile)
{
	for (unsigned i = 0; i < CHECKED_BITS; i++)
		sum = fold(sum, bits[(tile * CHECKED_BITS + i) % size]);
	return sum;
}

static uint32_t fold_number(uint32_t sum, const struct range_number *m, uint32_t tile)
{
	sum = fold_bits(sum, m->width, RANGE_NUMBER_WIDTH, tile);
	return fold_bits(sum, m->bits[0], RANGE_NUMBER_WIDTH * 4, tile);
}

static uint32_t fold_colours(uint32_t sum, const struct colour_model *m, uint32_t tile)
{
	sum = fold_guesses(sum, m->far, 1u << COLOUR_WIDE_BITS, CHECKED, tile);
	sum = fold_guesses(sum, m->wide, 1u << COLOUR_WIDE_BITS, CHECKED, tile);
	sum = fold_guesses(sum, m->near, 1u << COLOUR_NEAR_BITS, CHECKED / 8, tile);
	for (unsigned i = 0; i < COLOUR_CACHE; i += 16)
		sum = fold(sum, m->cache[(i + tile) % COLOUR_CACHE]);
	sum = fold_bits(sum, &m->first[0][0][0][0], sizeof m->first / sizeof(range_bit), tile);
	sum = fold_bits(sum, &m->others[0][0], sizeof m->others / sizeof(range_bit), tile);
	sum = fold_bits(sum, m->cached, 2, tile);
	sum = fold_bits(sum, &m->slots[0][0], sizeof m->slots / sizeof(range_bit), tile);
	return fold_bits(
	    sum, &m->differences[0][0], sizeof m->differences / sizeof(range_bit), tile);
}

static uint32_t fold_glyphs(uint32_t sum, const struct glyphs *g, uint32_t tile)
{
	const struct glyph *glyph = &g->glyphs[tile % GLYPHS];
	sum = fold(sum, g->pen.last ^ g->hand << 16);
	for (unsigned i = 0; i < (unsigned)glyph->width * glyph->height; i++)
		sum = fold(sum, g->pixels[tile % GLYPHS][i]);
	sum = fold_bits(sum, g->more, 2, tile);
	sum = fold_bits(sum, g->is_new, 2, tile);
	sum = fold_bits(sum, g->is_follower, GLYPH_FOLLOWERS, tile);
	sum = fold_bits(sum, g->index, GLYPHS, tile);
	sum = fold_bits(sum, g->same_gap, 2, tile);
	sum = fold_bits(sum, g->same_line, 2, tile);
	sum = fold_bits(sum, g->new_line, 2, tile);
	sum = fold_number(sum, &g->gap, tile);
	sum = fold_number(sum, &g->x, tile);
	sum = fold_number(sum, &g->y, tile);
	sum = fold_number(sum, &g->width, tile);
	return fold_number(sum, &g->height, tile);
}

void drawn_checksum_fold(struct drawn *d)
{
	uint32_t sum = fold_colours(d->checksum, &d->colours, d->tiles);
	sum = fold_glyphs(sum, &d->glyphs, d->tiles);
	sum = fold_bits(sum, &d->whole[0][0], DRAWN_LENGTHS * 4, d->tiles);
	sum = fold_number(sum, &d->stretch[0], d->tiles);
	sum = fold_number(sum, &d->stretch[1], d->tiles);
	d->checksum = sum ^ sum >> 16;
	d->tiles++;
}
