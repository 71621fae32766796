/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What moved is found, and whatever is found is exact: copies and the rest make the new picture. */
#include <glib.h>
#include <string.h>

#include "mtp-server/debt.h"
#include "mtp-server/motion.h"

enum { WIDTH = 360, HEIGHT = 700 }; /* no multiples of a block */

struct fixture {
	struct picture picture;
	struct block_set damage;
	struct motion_finder *finder;
	const struct motion *motion;
	size_t sent; /* pixels of the last rest */
};

static struct fixture *set_up(void)
{
	struct fixture *f = g_new0(struct fixture, 1);
	picture_init(&f->picture, WIDTH, HEIGHT);
	block_set_init(&f->damage, WIDTH, HEIGHT);
	f->finder = motion_finder_new(WIDTH, HEIGHT);
	return f;
}

static void tear_down(struct fixture *f)
{
	picture_finish(&f->picture);
	block_set_finish(&f->damage);
	motion_finder_free(f->finder);
	g_free(f);
}

/* Content that is different at each place of a page. */
static uint32_t page_at(unsigned page, int x, int y)
{
	uint32_t a = (uint32_t)(x + 100000) * 2654435761u ^ (uint32_t)(y + 100000) * 2246822519u;
	a = (a ^ a >> 15) * (2 * page + 3266489917u);
	/* Most of a page is its background. */
	return (a >> 29) ? 0xffffff : (a >> 8 & 0xffffff);
}

static void draw_page(struct fixture *f, struct rectangle r, unsigned page, int dx, int dy)
{
	for (unsigned y = 0; y < r.height; y++)
		for (unsigned x = 0; x < r.width; x++)
			f->picture.now[(r.y + y) * WIDTH + r.x + x] =
			    page_at(page, (int)x - dx, (int)y - dy);
}

/* Something translucent over what is there. */
static void draw_shade(struct fixture *f, struct rectangle r)
{
	for (unsigned y = r.y; y < r.y + r.height; y++)
		for (unsigned x = r.x; x < r.x + r.width; x++)
			f->picture.now[y * WIDTH + x] =
			    (f->picture.now[y * WIDTH + x] >> 1 & 0x7f7f7f) + 0x404040;
}

/* True damage, as damage_collect() would find it; pixel by pixel and slow. */
static void find_damage(struct fixture *f)
{
	block_set_clear(&f->damage);
	for (unsigned y = 0; y < HEIGHT; y++)
		for (unsigned x = 0; x < WIDTH; x++)
			if (f->picture.now[y * WIDTH + x] != f->picture.before[y * WIDTH + x])
				block_set_add_rectangle(&f->damage, (struct rectangle){x, y, 1, 1});
}

static void take_rest(uint32_t *shown, const struct picture *picture, const struct block_set *rest)
{
	for (unsigned row = 0; row < rest->rows; row++)
		for (unsigned column = 0; column < rest->columns; column++) {
			struct rectangle r = block_set_part(rest, column, row, 1, 1);
			for (unsigned y = r.y; y < r.y + r.height; y++)
				memcpy(shown + y * WIDTH + r.x, picture_at(picture, r.x, y),
				    r.width * 4);
		}
}

static void make_copy(uint32_t *shown, const struct copy *c)
{
	g_autofree uint32_t *old = g_memdup2(shown, (size_t)WIDTH * HEIGHT * 4);
	g_assert_cmpuint(c->target.x + c->target.width, <=, WIDTH);
	g_assert_cmpuint(c->target.y + c->target.height, <=, HEIGHT);
	g_assert_cmpuint(c->source_x + c->target.width, <=, WIDTH);
	g_assert_cmpuint(c->source_y + c->target.height, <=, HEIGHT);
	for (unsigned y = 0; y < c->target.height; y++)
		memcpy(shown + (c->target.y + y) * WIDTH + c->target.x,
		    old + (c->source_y + y) * WIDTH + c->source_x, c->target.width * 4);
}

/* The change as a viewer makes it: it has to end with the picture. */
static void step(struct fixture *f)
{
	size_t size = (size_t)WIDTH * HEIGHT * 4;
	g_autofree uint32_t *shown = g_memdup2(f->picture.before, size);
	find_damage(f);
	f->motion = motion_find(f->finder, &f->picture, &f->damage);
	g_assert_cmpuint(f->motion->count, <=, MOTION_COPIES_MAX);
	for (unsigned i = 0; i < f->motion->count; i++)
		make_copy(shown, &f->motion->copies[i]);
	g_assert_cmpmem(shown, size, f->picture.before, size);
	take_rest(shown, &f->picture, &f->motion->rest);
	g_assert_cmpmem(shown, size, f->picture.now, size);
	f->sent =
	    block_set_area(&f->motion->rest, 0, 0, f->motion->rest.columns, f->motion->rest.rows);
	memcpy(f->picture.before, f->picture.now, size);
}

static void check_one(struct rectangle page, int dx, int dy)
{
	struct fixture *f = set_up();
	draw_page(f, (struct rectangle){0, 0, WIDTH, HEIGHT}, 1, 0, 0);
	draw_page(f, page, 2, 0, 0);
	step(f);
	g_assert_cmpuint(f->motion->count, ==, 0);
	for (int i = 1; i <= 3; i++) {
		draw_page(f, page, 2, i * dx, i * dy);
		step(f);
		g_assert_cmpuint(f->motion->count, ==, 1);
		/* The newly shown strip, to the pixel. */
		g_assert_cmpuint(
		    f->sent, <=, page.width * (unsigned)ABS(dy) + page.height * (unsigned)ABS(dx));
	}
	tear_down(f);
}

static void test_one(void)
{
	check_one((struct rectangle){0, 0, WIDTH, HEIGHT}, 0, -37);
	check_one((struct rectangle){0, 40, WIDTH, 600}, 0, 113);
	check_one((struct rectangle){21, 77, 301, 555}, 0, 1);
	check_one((struct rectangle){0, 0, WIDTH, HEIGHT}, 90, 0);
	check_one((struct rectangle){13, 50, 300, 400}, -41, 0);
	check_one((struct rectangle){50, 50, 97, 200}, 0, -12);
}

/* A page under a header that stands still, and a panel that goes another way. */
static void test_several(void)
{
	struct fixture *f = set_up();
	struct rectangle left = {0, 60, 200, 300}, right = {200, 60, 160, 300};
	struct rectangle strip = {0, 400, WIDTH, 200};
	draw_page(f, (struct rectangle){0, 0, WIDTH, HEIGHT}, 1, 0, 0);
	for (int i = 0; i < 4; i++) {
		draw_page(f, left, 2, 0, -17 * i);
		draw_page(f, right, 3, 0, 29 * i);
		draw_page(f, strip, 4, 40 * i, 0);
		step(f);
		if (i > 0)
			g_assert_cmpuint(f->sent, <=, 200 * 17 + 160 * 29 + 200 * 40);
	}
	tear_down(f);
}

/* A scroll bar and a button lie over the page and stay, or go elsewhere. */
static void test_overlays(void)
{
	struct fixture *f = set_up();
	struct rectangle page = {0, 40, WIDTH, 600};
	draw_page(f, (struct rectangle){0, 0, WIDTH, HEIGHT}, 1, 0, 0);
	for (unsigned i = 0; i < 6; i++) {
		draw_page(f, page, 2, 0, -20 * (int)i);
		draw_shade(f, (struct rectangle){350, 60 + 7 * i, 6, 100});
		draw_shade(f, (struct rectangle){150, 570, 48, 48});
		step(f);
		if (i == 0)
			continue;
		g_assert_cmpuint(f->motion->count, >=, 1);
		/* The strip, the button where it is and where it would have gone, the bar. */
		g_assert_cmpuint(f->sent, <=, 20 * WIDTH + 48 * 68 + 2 * 6 * 127);
	}
	tear_down(f);
}

/* A sheet slides up over a page: two regions, of which one has to be copied first. */
static void test_sheet(void)
{
	struct fixture *f = set_up();
	for (int i = 0; i < 8; i++) {
		unsigned top = (unsigned)(HEIGHT - 40 * (i + 2));
		draw_page(f, (struct rectangle){0, 0, WIDTH, HEIGHT}, 1, 0, -9 * i);
		draw_page(f, (struct rectangle){0, top, WIDTH, HEIGHT - top}, 2, 0, 0);
		step(f);
		if (i > 0)
			g_assert_cmpuint(f->sent, <=, WIDTH * (40 + 9 + 24));
	}
	tear_down(f);
}

static void test_none(void)
{
	struct fixture *f = set_up();
	struct rectangle everything = {0, 0, WIDTH, HEIGHT};
	for (unsigned i = 0; i < 3; i++) {
		draw_page(f, everything, i, 0, 0);
		step(f);
		g_assert_cmpuint(f->motion->count, ==, 0);
	}
	/* One colour; a small change; nothing. */
	memset(f->picture.now, 0x55, (size_t)WIDTH * HEIGHT * 4);
	step(f);
	g_assert_cmpuint(f->motion->count, ==, 0);
	draw_page(f, (struct rectangle){100, 100, 40, 40}, 9, 0, 0);
	step(f);
	g_assert_cmpuint(f->motion->count, ==, 0);
	g_assert_cmpuint(f->sent, <=, 40 * 40);
	step(f);
	g_assert_cmpuint(f->sent, ==, 0);
	/* And what was too small to be looked at does not spoil what comes next. */
	draw_page(f, everything, 1, 0, 0);
	step(f);
	draw_page(f, everything, 1, 0, -30);
	step(f);
	g_assert_cmpuint(f->motion->count, ==, 1);
	g_assert_cmpuint(f->sent, <=, 30 * WIDTH);
	tear_down(f);
}

/* A rectangle of at least 128x128. */
static struct rectangle random_page(void)
{
	unsigned width = (unsigned)g_test_rand_int_range(128, WIDTH);
	unsigned height = (unsigned)g_test_rand_int_range(128, HEIGHT);
	return (struct rectangle){(unsigned)g_test_rand_int_range(0, (int)(WIDTH - width)),
	    (unsigned)g_test_rand_int_range(0, (int)(HEIGHT - height)), width, height};
}

/* Any page, any way, whatever else changes: found, and exact. */
static void test_random(void)
{
	struct fixture *f = set_up();
	size_t sent = 0, needed = 0;
	draw_page(f, (struct rectangle){0, 0, WIDTH, HEIGHT}, 1, 0, 0);
	for (unsigned i = 0; i < 60; i++) {
		struct rectangle page = random_page();
		bool sideways = g_test_rand_int_range(0, 2);
		int most = (int)(sideways ? page.width : page.height) / 2;
		int by = g_test_rand_int_range(1, most) * (g_test_rand_int_range(0, 2) ? 1 : -1);
		draw_page(f, page, i, 0, 0);
		step(f);
		draw_page(f, page, i, sideways ? by : 0, sideways ? 0 : by);
		size_t noise = 0;
		if (g_test_rand_int_range(0, 2)) {
			draw_page(f, (struct rectangle){page.x + 40, page.y + 50, 20, 9}, 99, 0, 0);
			noise = 40 * 60 + 1024;
		}
		step(f);
		g_assert_cmpuint(f->motion->count, >=, 1);
		/* What is new at the edge has to be sent, and where a change is in the way a copy
		 * may be cut there. */
		size_t edge = (sideways ? page.height : page.width) * (size_t)ABS(by) + noise;
		g_assert_cmpuint(f->sent, <=, 2 * edge + BLOCK * BLOCK);
		sent += f->sent;
		needed += edge;
	}
	g_assert_cmpuint(sent, <=, needed);
	tear_down(f);
}

/* A viewer that sees only every few changes gets all copies at once, and ends with the picture. */
static void test_debt(void)
{
	struct fixture *f = set_up();
	struct rectangle page = {0, 40, WIDTH, 500};
	size_t size = (size_t)WIDTH * HEIGHT * 4;
	g_autofree uint32_t *shown = g_malloc0(size);
	struct debt debt;
	unsigned copies = 0;
	debt_init(&debt, WIDTH, HEIGHT);
	draw_page(f, (struct rectangle){0, 0, WIDTH, HEIGHT}, 1, 0, 0);
	for (int i = 0; i < 120; i++) {
		draw_page(f, page, 2, 0, (i / 10 % 2 ? -11 : 7) * i);
		if (i % 5 == 0)
			draw_page(f, (struct rectangle){60, 100, 50, 50}, (unsigned)i, 0, 0);
		step(f);
		debt_add(&debt, &f->damage, i % 17 == 16 ? NULL : f->motion);
		if (g_test_rand_int_range(0, i < 60 ? 4 : 40))
			continue;
		for (unsigned c = 0; c < debt.count; c++)
			make_copy(shown, &debt.copies[c]);
		copies += debt.count;
		uint8_t tiles[DEBT_COPIES_MAX * 13];
		struct mtp_writer w = mtp_writer_of(tiles, sizeof tiles);
		g_assert_cmpuint(debt_write_copies(&debt, &w) * 13, ==, w.size);
		take_rest(shown, &f->picture, &debt.owed);
		block_set_clear(&debt.owed);
		g_assert_cmpmem(shown, size, f->picture.now, size);
		g_assert_false(debt_is_due(&debt));
	}
	g_assert_cmpuint(copies, >, 2);
	debt_finish(&debt);
	tear_down(f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/motion/one", test_one);
	g_test_add_func("/motion/several", test_several);
	g_test_add_func("/motion/overlays", test_overlays);
	g_test_add_func("/motion/sheet", test_sheet);
	g_test_add_func("/motion/none", test_none);
	g_test_add_func("/motion/random", test_random);
	g_test_add_func("/motion/debt", test_debt);
	return g_test_run();
}
