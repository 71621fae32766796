/* SPDX-License-Identifier: MIT */
#include "mtp/colour_model.h"

#define COLOUR_MASK 0xffffffu
#define IN_USE (1u << 31)
#define SUCCESS_SHIFT 24
#define STEP_LIMIT 200 /* of what is nearly certain, the long run counts */

void colour_model_init(struct colour_model *m)
{
	memset(m, 0, sizeof *m);
	range_bits_init(&m->wide_first[0][0][0], sizeof m->wide_first / sizeof(range_bit));
	range_bits_init(&m->near_first[0][0][0], sizeof m->near_first / sizeof(range_bit));
	range_bits_init(&m->others[0][0], sizeof m->others / sizeof(range_bit));
	range_bits_init(m->cached, 2);
	range_bits_init(&m->slots[0][0], sizeof m->slots / sizeof(range_bit));
	range_bits_init(&m->differences[0][0], sizeof m->differences / sizeof(range_bit));
}

/* Eleven pixels tell letters apart; odd constants, the sum's upper bits are well mixed. */
static inline uint32_t wide_hash(struct colour_place p)
{
	uint32_t h = p.at[-1] * 0x9e3779b1u + p.at[-2] * 0x85ebca77u + p.at[-3] * 0xc2b2ae3du;
	h += p.up[-2] * 0x27d4eb2fu + p.up[-1] * 0x165667b1u + p.up[0] * 0xd3a2646du;
	h += p.up[1] * 0xfd7046c5u + p.up[2] * 0xb55a4f09u + p.up2[-1] * 0x8f462907u;
	h += p.up2[0] * 0xaf251af3u + p.up2[1] * 0xed1b9e4du;
	h ^= h >> 15;
	return h * 0x2c1b3c6du;
}

static inline uint32_t near_hash(struct colour_place p)
{
	uint32_t h = p.at[-1] * 0x9e3779b1u + p.up[-1] * 0x165667b1u + p.up[0] * 0xd3a2646du +
	             p.up[1] * 0xfd7046c5u;
	h ^= h >> 15;
	return h * 0x2c1b3c6du;
}

static inline unsigned success_of(const struct colour_guess *g)
{
	return g->first >> SUCCESS_SHIFT & 15;
}

static inline void learn(struct colour_guess *g, uint32_t colour, uint32_t check, bool known)
{
	unsigned success = success_of(g);
	if (!known) {
		g->first = IN_USE | colour;
		g->second = check << 24 | colour;
	} else if ((g->first & COLOUR_MASK) == colour) {
		if (success < COLOUR_CONFIDENT)
			g->first += 1u << SUCCESS_SHIFT;
	} else if (success > 1) { /* doubted, but kept */
		g->first = (g->first & ~(15u << SUCCESS_SHIFT)) | (success / 2) << SUCCESS_SHIFT;
		g->second = check << 24 | colour;
	} else {
		g->second = check << 24 | (g->first & COLOUR_MASK);
		g->first = IN_USE | colour;
	}
}

static inline unsigned cache_slot(uint32_t colour)
{
	return (colour * 0x9e3779b1u) >> 24;
}

RANGE_INLINE uint32_t code_difference(struct range_coder *c, struct colour_model *m, uint32_t left,
    uint32_t colour, const bool decoding)
{
	/* Green first; red and blue mostly differ by as much as green does. */
	static const unsigned shifts[3] = {8, 16, 0};
	uint32_t result = 0;
	unsigned green = 0;
	for (unsigned i = 0; i < 3; i++) {
		unsigned base = (left >> shifts[i]) + green;
		unsigned difference = ((colour >> shifts[i]) - base) & 255;
		difference = range_code_tree(c, m->differences[i], 8, difference, decoding);
		result |= ((base + difference) & 255) << shifts[i];
		if (i == 0)
			green = difference;
	}
	return result;
}

/* A colour that no guess hit. */
RANGE_INLINE uint32_t code_new(struct range_coder *c, struct colour_model *m, struct colour_place p,
    uint32_t colour, const bool decoding)
{
	unsigned flat = p.at[-1] == p.up[0], slot = cache_slot(colour);
	if (range_code(c, &m->cached[flat], m->cache[slot] == colour, 60, decoding))
		return m->cache[range_code_tree(c, m->slots[flat], 8, slot, decoding)];
	colour = code_difference(c, m, p.at[-1], colour, decoding);
	m->cache[cache_slot(colour)] = colour;
	return colour;
}

/* The guesses so far, none of which it was. */
struct tried {
	uint32_t colours[COLOUR_STEPS + 1];
	unsigned n;
};

static inline bool is_tried(const struct tried *t, uint32_t colour)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->colours[i] == colour)
			return true;
	return false;
}

/* Guesses after the first two have failed. */
RANGE_INLINE uint32_t code_others(struct range_coder *c, struct colour_model *m,
    struct colour_place p, struct tried *tried, uint32_t wide, uint32_t near, uint32_t colour,
    const bool decoding)
{
	const uint32_t guesses[6] = {wide, near, p.at[-1], p.up[0], p.up[1], p.up[-1]};
	unsigned context = (p.at[-1] == p.up[0]) | (p.up[0] == p.up[1]) << 1 |
	                   (p.at[-1] == p.up[-1]) << 2 | (wide != COLOUR_NONE) << 3;
	for (unsigned i = 0; i < 6; i++) {
		if (guesses[i] == COLOUR_NONE || is_tried(tried, guesses[i]))
			continue;
		if (range_code(c, &m->others[i][context], guesses[i] == colour, 120, decoding))
			return guesses[i];
		tried->colours[tried->n++] = guesses[i];
	}
	return code_new(c, m, p, colour, decoding);
}

RANGE_INLINE uint32_t code_colour(struct range_coder *c, struct colour_model *m,
    struct colour_place p, uint32_t colour, uint32_t except, const bool decoding)
{
	uint32_t hash = wide_hash(p), check = hash & 255;
	struct colour_guess *wide = &m->wide[hash >> (32 - COLOUR_WIDE_BITS)];
	struct colour_guess *near = &m->near[near_hash(p) >> (32 - COLOUR_NEAR_BITS)];
	bool wide_known = wide->first >> 31 && wide->second >> 24 == check;
	bool near_known = near->first >> 31;
	uint32_t w = wide_known ? wide->first & COLOUR_MASK : COLOUR_NONE;
	uint32_t n = near_known ? near->first & COLOUR_MASK : COLOUR_NONE;
	unsigned near_success = near_known ? 1 + success_of(near) : 0;
	struct tried tried = {.n = except != COLOUR_NONE, .colours = {except}};

	if (w != COLOUR_NONE && w != except) {
		range_bit *b = &m->wide_first[success_of(wide)][w == n ? near_success : 0]
		                             [(w == p.at[-1]) | (w == p.up[0]) << 1];
		if (range_code(c, b, w == colour, STEP_LIMIT, decoding)) {
			learn(wide, w, check, true);
			learn(near, w, 0, near_known);
			return w;
		}
		tried.colours[tried.n++] = w;
	}
	bool hit = false;
	if (n != COLOUR_NONE && n != except && n != w) {
		range_bit *b = &m->near_first[near_success][wide_known ? 1 + success_of(wide) : 0]
		                             [(n == p.at[-1]) | (n == p.up[0]) << 1];
		hit = range_code(c, b, n == colour, STEP_LIMIT, decoding);
		tried.colours[tried.n++] = n;
	}
	if (hit)
		colour = n;
	else
		colour = code_others(c, m, p, &tried,
		    wide_known ? wide->second & COLOUR_MASK : COLOUR_NONE,
		    near_known ? near->second & COLOUR_MASK : COLOUR_NONE, colour, decoding);
	learn(wide, colour, check, wide_known);
	learn(near, colour, 0, near_known);
	return colour;
}

uint32_t colour_encode(struct range_coder *c, struct colour_model *m, struct colour_place p,
    uint32_t colour, uint32_t except)
{
	return code_colour(c, m, p, colour, except, false);
}

uint32_t colour_decode(
    struct range_coder *c, struct colour_model *m, struct colour_place p, uint32_t except)
{
	return code_colour(c, m, p, 0, except, true);
}
