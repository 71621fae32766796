/* SPDX-License-Identifier: MIT */
#include "mtp/colour_model.h"

#define COLOUR_MASK 0xffffffu
#define IN_USE (1u << 31)
#define SUCCESS_SHIFT 24
#define STEP_LIMIT 200 /* of what is nearly certain, the long run counts */

void colour_model_init(struct colour_model *m)
{
	memset(m, 0, sizeof *m);
	range_bits_init(&m->first[0][0][0][0], sizeof m->first / sizeof(range_bit));
	range_bits_init(&m->others[0][0], sizeof m->others / sizeof(range_bit));
	range_bits_init(m->cached, 2);
	range_bits_init(&m->slots[0][0], sizeof m->slots / sizeof(range_bit));
	range_bits_init(&m->differences[0][0], sizeof m->differences / sizeof(range_bit));
}

/* Odd constants; a product's upper bits are well mixed. */
static inline uint32_t mix(uint32_t h)
{
	return (h ^ h >> 15) * 0x2c1b3c6du;
}

static inline uint32_t near_sum(struct colour_place p)
{
	return p.at[-1] * 0x9e3779b1u + p.up[-1] * 0x165667b1u + p.up[0] * 0xd3a2646du +
	       p.up[1] * 0xfd7046c5u;
}

/* Eleven pixels tell most letters apart. */
static inline uint32_t wide_sum(struct colour_place p)
{
	uint32_t h = p.at[-2] * 0x85ebca77u + p.at[-3] * 0xc2b2ae3du + p.up[-2] * 0x27d4eb2fu;
	h += p.up[2] * 0xb55a4f09u + p.up2[-1] * 0x8f462907u + p.up2[0] * 0xaf251af3u;
	return h + p.up2[1] * 0xed1b9e4du;
}

/* Twenty-five know where in a letter they are. */
static inline uint32_t far_sum(struct colour_place p)
{
	uint32_t h = p.at[-4] * 0x2545f491u + p.at[-5] * 0x6c8e9cf5u + p.up[-5] * 0x7feb352du;
	h += p.up[-4] * 0x846ca68bu + p.up[-3] * 0x9e3779b1u + p.up[3] * 0x85ebca77u;
	h += p.up[4] * 0xc2b2ae3du + p.up[5] * 0x1b873593u + p.up2[-4] * 0x27d4eb2fu;
	h += p.up2[-3] * 0x165667b1u + p.up2[-2] * 0xd3a2646du + p.up2[2] * 0xfd7046c5u;
	return h + p.up2[3] * 0xb55a4f09u + p.up2[4] * 0x8f462907u;
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
	uint32_t colours[1 + COLOUR_LEVELS + COLOUR_OTHERS];
	unsigned n;
};

static inline bool is_tried(const struct tried *t, uint32_t colour)
{
	for (unsigned i = 0; i < t->n; i++)
		if (t->colours[i] == colour)
			return true;
	return false;
}

/* What is known of one neighbourhood. */
struct entry {
	struct colour_guess *guess;
	uint32_t check;
	bool known;
	uint32_t first, second; /* COLOUR_NONE: not known */
};

static inline struct entry entry_of(struct colour_guess *table, unsigned bits, uint32_t hash)
{
	struct entry e = {.guess = table + (hash >> (32 - bits)), .check = hash & 255};
	e.known = e.guess->first >> 31 && e.guess->second >> 24 == e.check;
	e.first = e.known ? e.guess->first & COLOUR_MASK : COLOUR_NONE;
	e.second = e.known ? e.guess->second & COLOUR_MASK : COLOUR_NONE;
	return e;
}

/* The first guess of a neighbourhood; the next smaller one (of the smallest, the next larger one)
 * tells how likely it is. */
RANGE_INLINE bool code_first(struct range_coder *c, struct colour_model *m, struct colour_place p,
    const struct entry *entries, unsigned level, struct tried *tried, uint32_t colour,
    const bool decoding)
{
	const struct entry *e = &entries[level];
	const struct entry *other = &entries[level == COLOUR_NEAR ? COLOUR_WIDE : level + 1];
	if (!e->known || is_tried(tried, e->first))
		return false;
	bool confirms = other->known && (level == COLOUR_NEAR || other->first == e->first);
	range_bit *b =
	    &m->first[level][success_of(e->guess)][confirms ? 1 + success_of(other->guess) : 0]
	             [(e->first == p.at[-1]) | (e->first == p.up[0]) << 1];
	if (range_code(c, b, e->first == colour, STEP_LIMIT, decoding))
		return true;
	tried->colours[tried->n++] = e->first;
	return false;
}

/* Guesses after the first ones have failed. */
RANGE_INLINE uint32_t code_others(struct range_coder *c, struct colour_model *m,
    struct colour_place p, const struct entry *entries, struct tried *tried, uint32_t colour,
    const bool decoding)
{
	const uint32_t guesses[COLOUR_OTHERS] = {entries[COLOUR_FAR].second,
	    entries[COLOUR_WIDE].second, entries[COLOUR_NEAR].second, p.at[-1], p.up[0], p.up[1],
	    p.up[-1]};
	unsigned context = (p.at[-1] == p.up[0]) | (p.up[0] == p.up[1]) << 1 |
	                   (p.at[-1] == p.up[-1]) << 2 | entries[COLOUR_WIDE].known << 3;
	for (unsigned i = 0; i < COLOUR_OTHERS; i++) {
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
	uint32_t near = near_sum(p), wide = near + wide_sum(p), far = wide + far_sum(p);
	const struct entry entries[COLOUR_LEVELS] = {
	    [COLOUR_FAR] = entry_of(m->far, COLOUR_WIDE_BITS, mix(far)),
	    [COLOUR_WIDE] = entry_of(m->wide, COLOUR_WIDE_BITS, mix(wide)),
	    [COLOUR_NEAR] = entry_of(m->near, COLOUR_NEAR_BITS, mix(near)),
	};
	struct tried tried = {.n = except != COLOUR_NONE, .colours = {except}};
	if (code_first(c, m, p, entries, COLOUR_FAR, &tried, colour, decoding))
		colour = entries[COLOUR_FAR].first;
	else if (code_first(c, m, p, entries, COLOUR_WIDE, &tried, colour, decoding))
		colour = entries[COLOUR_WIDE].first;
	else if (code_first(c, m, p, entries, COLOUR_NEAR, &tried, colour, decoding))
		colour = entries[COLOUR_NEAR].first;
	else
		colour = code_others(c, m, p, entries, &tried, colour, decoding);
	for (unsigned i = 0; i < COLOUR_LEVELS; i++)
		learn(entries[i].guess, colour, entries[i].check, entries[i].known);
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
