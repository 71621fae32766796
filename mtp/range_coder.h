/* SPDX-License-Identifier: MIT */
/*
 * A binary arithmetic coder over an interval of 32-bit numbers, and the adaptive probabilities that
 * feed it. The coder is that of Witten, Neal, Cleary: "Arithmetic coding for data compression"
 * (CACM 30(6), 1987) for two symbols, with whole bytes shifted out and so without carries
 * (Schindler 1998); a probability is the running mean of what was seen, its step 1/(n + 1.5) down
 * to a limit (Howard, Vitter 1991).
 *
 * One `struct range_coder` encodes or decodes: what is called with `decoding` as a constant becomes
 * the one or the other, so that the two sides of a format are one text. No memory is allocated.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define RANGE_INLINE static inline __attribute__((always_inline))

struct range_coder {
	uint32_t low, high; /* the interval, both ends in it */
	uint32_t value;     /* decoding: the number that lies in it */
	const uint8_t *in;  /* decoding: what is left */
	uint8_t *out;       /* encoding: where to go on */
	size_t left;        /* bytes of in or out */
	unsigned overrun;   /* bytes that were missing at the end */
};

/* Decoding, more than the four bytes that make the last number were missing; encoding, any. */
static inline bool range_coder_failed(const struct range_coder *c, bool decoding)
{
	return c->overrun > (decoding ? 4 : 0);
}

RANGE_INLINE void range_shift(struct range_coder *c, const bool decoding)
{
	while (!((c->low ^ c->high) >> 24)) {
		if (decoding) {
			c->value <<= 8;
			if (c->left) {
				c->left--;
				c->value |= *c->in++;
			} else if (c->overrun <= 4) {
				c->overrun++;
			}
		} else if (c->left) {
			c->left--;
			*c->out++ = (uint8_t)(c->high >> 24);
		} else {
			c->overrun = 1;
		}
		c->low <<= 8;
		c->high = c->high << 8 | 255;
	}
}

static inline struct range_coder range_decoder_of(const uint8_t *bytes, size_t n)
{
	struct range_coder c = {.in = bytes, .left = n, .high = UINT32_MAX};
	for (unsigned i = 0; i < 4; i++) {
		c.value <<= 8;
		if (c.left) {
			c.left--;
			c.value |= *c.in++;
		} else {
			c.overrun++;
		}
	}
	return c;
}

static inline struct range_coder range_encoder_of(uint8_t *bytes, size_t n)
{
	return (struct range_coder){.out = bytes, .left = n, .high = UINT32_MAX};
}

/* Ends encoding: the fewest bytes that lie in the interval when zeros follow them. */
static inline void range_encoder_finish(struct range_coder *c)
{
	for (unsigned n = 0; n <= 4; n++) {
		uint32_t below = n < 4 ? UINT32_MAX >> 8 * n : 0;
		uint32_t number = (c->low + below) & ~below;
		if (number < c->low || number > c->high)
			continue;
		for (unsigned i = 0; i < n; i++, c->left--) {
			if (!c->left) {
				c->overrun = 1;
				return;
			}
			*c->out++ = (uint8_t)(number >> (24 - 8 * i));
		}
		return;
	}
}

/* The probability of a 1, of 2^22, above a count of what it was learnt from, of 2^10. */
typedef uint32_t range_bit;

#define RANGE_BIT_EVEN (1u << 31)
#define RANGE_STEPS 255u /* the slowest step is 1 / (RANGE_STEPS + 1.5) */
extern const uint16_t range_rate[RANGE_STEPS + 1];

static inline void range_bits_init(range_bit *bits, size_t n)
{
	for (size_t i = 0; i < n; i++)
		bits[i] = RANGE_BIT_EVEN;
}

RANGE_INLINE void range_learn(range_bit *b, unsigned bit, unsigned limit)
{
	unsigned n = *b & 1023;
	int64_t p = *b >> 10, target = bit ? (1 << 22) - 1 : 0;
	p += (target - p) * range_rate[n] / 65536;
	*b = (uint32_t)p << 10 | (n < limit ? n + 1 : n);
}

/* One bit; `bit` is what is encoded, and ignored in decoding. `limit`, at most RANGE_STEPS: how
 * much of the past counts. */
RANGE_INLINE unsigned range_code(
    struct range_coder *c, range_bit *b, unsigned bit, unsigned limit, const bool decoding)
{
	uint32_t split = c->low + (uint32_t)((uint64_t)(c->high - c->low) * (*b >> 16) >> 16);
	if (decoding)
		bit = c->value <= split;
	if (bit)
		c->high = split;
	else
		c->low = split + 1;
	range_learn(b, bit, limit);
	range_shift(c, decoding);
	return bit;
}

/* A number below 2^width by its bits, the highest first, each in the context of those before it:
 * `tree` has 2^width probabilities. */
RANGE_INLINE unsigned range_code_tree(
    struct range_coder *c, range_bit *tree, unsigned width, unsigned number, const bool decoding)
{
	unsigned node = 1;
	for (unsigned i = width; i-- > 0;)
		node = node << 1 | range_code(c, &tree[node], number >> i & 1, 60, decoding);
	return node - (1u << width);
}

#define RANGE_NUMBER_WIDTH 24 /* bits of value + 1 */
/* The Elias gamma code of value + 1, with adaptive bits. */
struct range_number {
	range_bit width[RANGE_NUMBER_WIDTH];
	range_bit bits[RANGE_NUMBER_WIDTH][4]; /* the highest two, and all below alike */
};

static inline void range_number_init(struct range_number *m)
{
	range_bits_init(m->width, RANGE_NUMBER_WIDTH);
	range_bits_init(m->bits[0], RANGE_NUMBER_WIDTH * (size_t)4);
}

/* A value below 2^24 - 1; small ones are cheap. */
static inline __attribute__((always_inline)) uint32_t range_code_number(
    struct range_coder *c, struct range_number *m, uint32_t value, const bool decoding)
{
	unsigned width = 0; /* of bits below the highest one */
	if (!decoding)
		width = 31u - (unsigned)__builtin_clz(value + 1);
	unsigned w = 0;
	while (w < RANGE_NUMBER_WIDTH - 1 && range_code(c, &m->width[w], w < width, 60, decoding))
		w++;
	uint32_t number = 1;
	for (unsigned i = w; i-- > 0;) {
		unsigned place = w - 1 - i, slot = place == 0   ? 1
		                                   : place == 1 ? 2 + (number & 1)
		                                                : 0;
		number = number << 1 |
		         range_code(c, &m->bits[w][slot], (value + 1) >> i & 1, 60, decoding);
	}
	return number - 1;
}

/* A number of either sign: 0, -1, 1, -2, ... */
RANGE_INLINE int32_t range_code_signed(
    struct range_coder *c, struct range_number *m, int32_t value, const bool decoding)
{
	uint32_t folded = (uint32_t)value << 1 ^ (uint32_t)(value >> 31);
	folded = range_code_number(c, m, folded, decoding);
	return (int32_t)(folded >> 1) ^ -(int32_t)(folded & 1);
}
