/* SPDX-License-Identifier: MIT */
#include "mtp/range_coder.h"

#include <glib.h>

#define EVENTS 20000

struct models {
	range_bit bits[4];
	range_bit tree[256];
	struct range_number numbers[2];
};

static void init(struct models *m)
{
	range_bits_init(m->bits, G_N_ELEMENTS(m->bits));
	range_bits_init(m->tree, G_N_ELEMENTS(m->tree));
	range_number_init(&m->numbers[0]);
	range_number_init(&m->numbers[1]);
}

/* The same events on both sides, from the same random numbers. */
static void run(struct range_coder *c, unsigned skew, uint32_t seed, bool decoding)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(seed);
	struct models m;
	init(&m);
	for (unsigned i = 0; i < EVENTS; i++) {
		unsigned bit = g_rand_int_range(random, 0, 1000) < (int)skew;
		unsigned symbol = (unsigned)g_rand_int_range(random, 0, 256);
		uint32_t number = g_rand_int(random) >> g_rand_int_range(random, 9, 32);
		int32_t either = (int32_t)(number >> 2) * (bit ? 1 : -1);
		unsigned got_bit, got_symbol;
		uint32_t got_number;
		int32_t got_either;
		if (decoding) {
			got_bit = range_code(c, &m.bits[i % 4], 0, RANGE_STEPS, true);
			got_symbol = range_code_tree(c, m.tree, 8, 0, true);
			got_number = range_code_number(c, &m.numbers[0], 0, true);
			got_either = range_code_signed(c, &m.numbers[1], 0, true);
		} else {
			got_bit = range_code(c, &m.bits[i % 4], bit, RANGE_STEPS, false);
			got_symbol = range_code_tree(c, m.tree, 8, symbol, false);
			got_number = range_code_number(c, &m.numbers[0], number, false);
			got_either = range_code_signed(c, &m.numbers[1], either, false);
		}
		g_assert_cmpuint(got_bit, ==, bit);
		g_assert_cmpuint(got_symbol, ==, symbol);
		g_assert_cmpuint(got_number, ==, number);
		g_assert_cmpint(got_either, ==, either);
	}
}

static void test_round_trip(void)
{
	static uint8_t bytes[EVENTS * 16];
	for (unsigned skew = 0; skew <= 1000; skew += 125)
		for (uint32_t seed = 0; seed < 4; seed++) {
			struct range_coder c = range_encoder_of(bytes, sizeof bytes);
			run(&c, skew, seed, false);
			range_encoder_finish(&c);
			g_assert_false(range_coder_failed(&c, false));
			size_t n = (size_t)(c.out - bytes);
			g_autofree uint8_t *exact = g_memdup2(bytes, n);
			c = range_decoder_of(exact, n);
			run(&c, skew, seed, true);
			g_assert_false(range_coder_failed(&c, true));
			g_assert_cmpuint(c.left, ==, 0);
		}
}

static size_t size_of_bits(unsigned per_mille, unsigned n)
{
	static uint8_t bytes[65536];
	g_autoptr(GRand) random = g_rand_new_with_seed(1);
	range_bit b = RANGE_BIT_EVEN;
	struct range_coder c = range_encoder_of(bytes, sizeof bytes);
	for (unsigned i = 0; i < n; i++)
		range_code(
		    &c, &b, g_rand_int_range(random, 0, 1000) < (int)per_mille, RANGE_STEPS, false);
	range_encoder_finish(&c);
	return (size_t)(c.out - bytes);
}

/* Near the entropy: 1 bit; 0.0808 bits at 1 %; next to nothing when nothing is left to learn. */
static void test_efficiency(void)
{
	g_assert_cmpuint(size_of_bits(500, 100000), <, 100000 / 8 * 101 / 100);
	g_assert_cmpuint(size_of_bits(10, 100000), <, 100000 * 0.0808 / 8 * 1.08);
	g_assert_cmpuint(size_of_bits(0, 100000), <, 60);
}

static void test_no_room(void)
{
	uint8_t bytes[8] = {0};
	for (size_t room = 0; room < sizeof bytes; room++) {
		struct range_coder c = range_encoder_of(bytes, room);
		run(&c, 500, 1, false);
		range_encoder_finish(&c);
		g_assert_true(range_coder_failed(&c, false));
		g_assert_true(c.out == bytes + room);
	}
}

/* A decoder goes on with zeros, and says so. */
static void test_cut_off(void)
{
	struct models m;
	init(&m);
	struct range_coder c = range_decoder_of((const uint8_t *)"\x55", 1);
	for (unsigned i = 0; i < 100; i++)
		g_assert_cmpuint(range_code_tree(&c, m.tree, 8, 0, true), <, 256);
	g_assert_true(range_coder_failed(&c, true));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/range-coder/round-trip", test_round_trip);
	g_test_add_func("/range-coder/efficiency", test_efficiency);
	g_test_add_func("/range-coder/no-room", test_no_room);
	g_test_add_func("/range-coder/cut-off", test_cut_off);
	return g_test_run();
}
