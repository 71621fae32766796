/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sets of blocks against a model that remembers each pixel. */
#include <glib.h>

#include "mtp-server/blocks.h"

enum { WIDTH = 150, HEIGHT = 110 }; /* no multiples of a block */

struct model {
	struct block_set set;
	bool in[HEIGHT][WIDTH];
};

static struct rectangle random_rectangle(void)
{
	unsigned x = (unsigned)g_test_rand_int_range(0, WIDTH);
	unsigned y = (unsigned)g_test_rand_int_range(0, HEIGHT);
	return (struct rectangle){x, y, (unsigned)g_test_rand_int_range(1, (int)(WIDTH - x) + 1),
	    (unsigned)g_test_rand_int_range(1, (int)(HEIGHT - y) + 1)};
}

static void model_set(struct model *m, struct rectangle r, bool in)
{
	for (unsigned y = r.y; y < r.y + r.height; y++)
		for (unsigned x = r.x; x < r.x + r.width; x++)
			m->in[y][x] = in;
}

static void model_carry(struct model *m, struct rectangle r, unsigned x, unsigned y)
{
	static bool old[HEIGHT][WIDTH];
	memcpy(old, m->in, sizeof old);
	for (unsigned i = 0; i < r.height; i++)
		memcpy(&m->in[r.y + i][r.x], &old[y + i][x], r.width * sizeof(bool));
}

static bool set_has_pixel(const struct block_set *set, unsigned x, unsigned y)
{
	return block_set_touches(set, (struct rectangle){x, y, 1, 1});
}

/* Nothing may be forgotten; the count is that of the blocks. */
static void check(const struct model *m)
{
	unsigned count = 0;
	for (unsigned y = 0; y < HEIGHT; y++)
		for (unsigned x = 0; x < WIDTH; x++)
			g_assert_true(!m->in[y][x] || set_has_pixel(&m->set, x, y));
	for (unsigned row = 0; row < m->set.rows; row++)
		for (unsigned column = 0; column < m->set.columns; column++)
			count += block_set_has(&m->set, column, row);
	g_assert_cmpuint(count, ==, m->set.count);
}

static void test_model(void)
{
	struct model m = {0};
	block_set_init(&m.set, WIDTH, HEIGHT);
	for (unsigned step = 0; step < 3000; step++) {
		struct rectangle r = random_rectangle();
		switch (g_test_rand_int_range(0, 4)) {
		case 0:
			model_set(&m, r, true);
			block_set_add_rectangle(&m.set, r);
			break;
		case 1:
			model_set(&m, r, false);
			block_set_remove_within(&m.set, r);
			g_assert_true(r.width < BLOCK || r.height < BLOCK || !m.set.count ||
			              block_set_bounds(&m.set).width);
			break;
		case 2: {
			unsigned x = (unsigned)g_test_rand_int_range(0, (int)(WIDTH - r.width) + 1);
			unsigned y =
			    (unsigned)g_test_rand_int_range(0, (int)(HEIGHT - r.height) + 1);
			model_carry(&m, r, x, y);
			block_set_carry(&m.set, r, x, y);
			break;
		}
		default:
			if (g_test_rand_int_range(0, 10))
				break;
			memset(m.in, 0, sizeof m.in);
			block_set_clear(&m.set);
		}
		check(&m);
	}
	block_set_finish(&m.set);
}

static void assert_is(struct rectangle r, unsigned x, unsigned y, unsigned width, unsigned height)
{
	g_assert_cmpuint(r.x, ==, x);
	g_assert_cmpuint(r.y, ==, y);
	g_assert_cmpuint(r.width, ==, width);
	g_assert_cmpuint(r.height, ==, height);
}

static void test_parts(void)
{
	struct block_set set;
	block_set_init(&set, WIDTH, HEIGHT);
	block_set_add_rectangle(&set, (struct rectangle){10, 20, 30, 5});
	g_assert_cmpuint(set.count, ==, 2);
	assert_is(block_set_part(&set, 0, 0, 1, 1), 10, 20, 22, 5);
	assert_is(block_set_part(&set, 0, 0, 2, 1), 10, 20, 30, 5);
	g_assert_cmpuint(block_set_area(&set, 0, 0, 2, 1), ==, 150);
	g_assert_false(block_set_touches(&set, (struct rectangle){0, 0, 10, HEIGHT}));
	g_assert_false(block_set_touches(&set, (struct rectangle){0, 25, WIDTH, 50}));
	/* From a side some goes; from the middle nothing, because two would be left. */
	block_set_remove_within(&set, (struct rectangle){0, 0, WIDTH, 22});
	assert_is(block_set_bounds(&set), 10, 22, 30, 3);
	block_set_remove_within(&set, (struct rectangle){15, 0, 3, HEIGHT});
	assert_is(block_set_bounds(&set), 10, 22, 30, 3);
	block_set_remove_within(&set, (struct rectangle){0, 0, 32, HEIGHT});
	assert_is(block_set_bounds(&set), 32, 22, 8, 3);
	/* A copy takes it along, and what it covers is as its source was. */
	block_set_carry(&set, (struct rectangle){0, 50, 100, 40}, 10, 10);
	assert_is(block_set_part(&set, 0, 1, 3, 2), 22, 62, 8, 3);
	block_set_carry(&set, (struct rectangle){0, 50, 100, 40}, 0, 0 + 70);
	block_set_carry(&set, (struct rectangle){0, 0, 100, 40}, 50, 70);
	block_set_carry(&set, (struct rectangle){0, 50, 100, 40}, 50, 0);
	g_assert_cmpuint(set.count, ==, 0);
	assert_is(block_set_bounds(&set), 0, 0, 0, 0);
	/* The whole screen, whose last blocks are cut off. */
	block_set_fill(&set);
	g_assert_cmpuint(set.count, ==, set.columns * set.rows);
	g_assert_cmpuint(
	    block_set_area(&set, 0, 0, set.columns, set.rows), ==, (size_t)WIDTH * HEIGHT);
	block_set_finish(&set);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/blocks/parts", test_parts);
	g_test_add_func("/blocks/model", test_model);
	return g_test_run();
}
