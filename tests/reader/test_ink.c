/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From a screen to letters on paper: any colours, no carets, no edges of buttons. */
#include <glib.h>

#include "mtp-server/reader/caret.h"
#include "mtp-server/reader/contrast.h"
#include "mtp-server/reader/outlines.h"

#define WIDTH 240u
#define HEIGHT 120u

static uint32_t screen[WIDTH * HEIGHT];

static void fill(unsigned x, unsigned y, unsigned width, unsigned height, uint32_t colour)
{
	for (unsigned row = y; row < y + height; row++)
		for (unsigned column = x; column < x + width; column++)
			screen[row * WIDTH + column] = colour;
}

/* Something like letters of 20 pixels' height, standing at y + 20: small ones with one tall. */
static void letters(unsigned x, unsigned y, unsigned n, uint32_t colour)
{
	for (unsigned i = 0; i < n; i++, x += 14) {
		unsigned top = i == 1 ? y : y + 6;
		fill(x, top, 3, y + 20 - top, colour);
		fill(x, y + 6, 10, 3, colour);
		fill(x, y + 17, 10, 3, colour);
		fill(x + 7, y + 6, 3, 14, colour);
	}
}

static uint8_t at(const struct ink *ink, unsigned x, unsigned y)
{
	return ink->pixels[y * ink->width + x];
}

static void test_any_colours(void)
{
	fill(0, 0, WIDTH, HEIGHT / 2, 0xffffff);
	fill(0, HEIGHT / 2, WIDTH, HEIGHT / 2, 0x202030);
	letters(20, 16, 6, 0x101010);
	letters(20, 80, 6, 0xe0e0e0);
	struct ink ink;
	ink_init(&ink, screen, WIDTH, HEIGHT);
	g_assert_cmpuint(at(&ink, 21, 30), <, 40);
	g_assert_cmpuint(at(&ink, 21, 94), <, 80);
	g_assert_cmpuint(at(&ink, 200, 30), ==, 255);
	g_assert_cmpuint(at(&ink, 200, 94), ==, 255);
	ink_finish(&ink);
}

static void test_caret(void)
{
	fill(0, 0, WIDTH, HEIGHT, 0xffffff);
	letters(20, 40, 6, 0x000000);
	fill(106, 34, 2, 36, 0x2060ff); /* reaches above and below */
	fill(130, 40, 3, 20, 0x000000); /* an l stands on the line */
	letters(140, 40, 3, 0x000000);
	struct ink ink;
	ink_init(&ink, screen, WIDTH, HEIGHT);
	g_assert_cmpuint(at(&ink, 106, 50), <, 200);
	carets_remove(&ink);
	g_assert_cmpuint(at(&ink, 106, 50), ==, 255);
	g_assert_cmpuint(at(&ink, 107, 36), ==, 255);
	g_assert_cmpuint(at(&ink, 131, 50), <, 40);
	g_assert_cmpuint(at(&ink, 35, 42), <, 40);
	ink_finish(&ink);
}

static void test_button(void)
{
	fill(0, 0, WIDTH, HEIGHT, 0xf0f0f0);
	for (unsigned i = 0; i < 2; i++) { /* an edge of two pixels, no filling */
		fill(20, 20 + i * 70, 100, 2, 0x404040);
		fill(20 + i * 98, 20, 2, 72, 0x404040);
	}
	letters(40, 46, 3, 0x000000);
	struct ink ink;
	ink_init(&ink, screen, WIDTH, HEIGHT);
	g_assert_cmpuint(at(&ink, 20, 50), <, 200);
	outlines_remove(&ink);
	g_assert_cmpuint(at(&ink, 20, 50), ==, 255);
	g_assert_cmpuint(at(&ink, 60, 20), ==, 255);
	g_assert_cmpuint(at(&ink, 41, 60), <, 40);
	ink_finish(&ink);
}

/* The smallest screens, and one where all is ink. */
static void test_sizes(void)
{
	for (unsigned side = 1; side < 40; side++) {
		g_autofree uint32_t *pixels = g_new(uint32_t, side * (WIDTH / side));
		for (unsigned i = 0; i < side * (WIDTH / side); i++)
			pixels[i] = i * 2654435761u;
		struct ink ink;
		ink_init(&ink, pixels, side, WIDTH / side);
		carets_remove(&ink);
		outlines_remove(&ink);
		ink_finish(&ink);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ink/any-colours", test_any_colours);
	g_test_add_func("/ink/caret", test_caret);
	g_test_add_func("/ink/button", test_button);
	g_test_add_func("/ink/sizes", test_sizes);
	return g_test_run();
}
