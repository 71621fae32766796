/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/text_cut.h"

#include <glib.h>

enum { WIDTH = 64, HEIGHT = 64 };

struct fixture {
	struct picture picture;
	struct text_cut cut;
};

static void letter(struct fixture *f, unsigned x, unsigned y, unsigned width, unsigned height)
{
	for (unsigned i = 0; i < height; i++)
		for (unsigned k = 0; k < width; k++)
			f->picture.now[(y + i) * WIDTH + x + k] = 0x101010 * (k % 3);
}

static void set_up(struct fixture *f, gconstpointer data)
{
	(void)data;
	picture_init(&f->picture, WIDTH, HEIGHT);
	for (unsigned i = 0; i < WIDTH * HEIGHT; i++)
		f->picture.now[i] = 0xffffff;
	letter(f, 8, 10, 6, 10);
	letter(f, 20, 12, 5, 8);
	letter(f, 8, 40, 6, 10);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	(void)data;
	picture_finish(&f->picture);
}

static void assert_place(
    const struct fixture *f, unsigned i, unsigned x, unsigned y, unsigned width, unsigned height)
{
	g_assert_cmpuint(f->cut.places[i].x, ==, x);
	g_assert_cmpuint(f->cut.places[i].y, ==, y);
	g_assert_cmpuint(f->cut.places[i].width, ==, width);
	g_assert_cmpuint(f->cut.places[i].height, ==, height);
}

static void test_letters(struct fixture *f, gconstpointer data)
{
	(void)data;
	text_cut_find(&f->cut, &f->picture, (struct rectangle){4, 4, 56, 56});
	g_assert_cmpuint(f->cut.n, ==, 3);
	assert_place(f, 0, 4, 6, 6, 10);
	assert_place(f, 1, 16, 8, 5, 8);
	assert_place(f, 2, 4, 36, 6, 10);
}

/* What ends at the rectangle's edge is whole if nothing goes on behind it. */
static void test_cut_off(struct fixture *f, gconstpointer data)
{
	(void)data;
	text_cut_find(&f->cut, &f->picture, (struct rectangle){0, 12, WIDTH, 38});
	g_assert_cmpuint(f->cut.n, ==, 2);
	assert_place(f, 0, 20, 0, 5, 8);
	assert_place(f, 1, 8, 28, 6, 10);
	text_cut_find(&f->cut, &f->picture, (struct rectangle){0, 8, WIDTH, 37});
	g_assert_cmpuint(f->cut.n, ==, 2);
	assert_place(f, 0, 8, 2, 6, 10);
	assert_place(f, 1, 20, 4, 5, 8);
}

/* Nobody knows what is below the screen. */
static void test_screen_edge(struct fixture *f, gconstpointer data)
{
	(void)data;
	letter(f, 30, HEIGHT - 8, 6, 8);
	letter(f, 40, 0, 6, 8);
	text_cut_find(&f->cut, &f->picture, (struct rectangle){0, 0, WIDTH, HEIGHT});
	g_assert_cmpuint(f->cut.n, ==, 3);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, test) g_test_add("/text-cut/" name, struct fixture, NULL, set_up, test, tear_down)
	ADD("letters", test_letters);
	ADD("cut-off", test_cut_off);
	ADD("screen-edge", test_screen_edge);
	return g_test_run();
}
