/* SPDX-License-Identifier: MIT */
#include "mtp/i420.h"

#include <glib.h>
#include <stdlib.h>
#include <string.h>

enum { WIDTH = 38, HEIGHT = 34, LEFT = 2, TOP = 4 };

/* Pixels of one colour there and back, in the middle of the planes; nothing around is touched. */
static void check(uint32_t colour, int tolerance)
{
	unsigned width = WIDTH + 2 * LEFT, height = HEIGHT + 2 * TOP;
	size_t size = mtp_i420_size(width, height);
	g_autofree uint8_t *memory = g_malloc(size);
	memset(memory, 7, size);
	struct mtp_i420 planes = mtp_i420_of(memory, width, height);
	g_assert_true(planes.planes[2] + width / 2 * height / 2 == memory + size);
	uint32_t pixels[WIDTH * HEIGHT];
	for (unsigned i = 0; i < WIDTH * HEIGHT; i++)
		pixels[i] = colour;
	mtp_i420_put(&planes, LEFT, TOP, WIDTH, HEIGHT, pixels, WIDTH);
	g_assert_cmpuint(planes.planes[0][TOP * width + LEFT - 1], ==, 7);
	g_assert_cmpuint(planes.planes[0][TOP * width + LEFT + WIDTH], ==, 7);
	g_assert_cmpuint(planes.planes[1][(TOP / 2 + HEIGHT / 2) * width / 2 + LEFT / 2], ==, 7);

	g_autofree uint8_t *rgba = g_malloc0(WIDTH * HEIGHT * 4);
	mtp_i420_get(&planes, LEFT, TOP, WIDTH, HEIGHT, rgba, WIDTH * 4);
	for (unsigned i = 0; i < WIDTH * HEIGHT; i++) {
		for (unsigned c = 0; c < 3; c++)
			g_assert_cmpint(abs(rgba[4 * i + c] - (int)(colour >> (16 - 8 * c) & 255)),
			    <=, tolerance);
		g_assert_cmpuint(rgba[4 * i + 3], ==, 255);
	}
}

static void test_colours(void)
{
	for (uint32_t grey = 0; grey < 256; grey++)
		check(grey * 0x010101, 0);
	for (uint32_t i = 0; i < 512; i++) /* corners and faces of the cube, noise above */
		check(0xab000000 | (i >> 6) * 0x240000 | (i >> 3 & 7) * 0x2400 | (i & 7) * 0x24, 3);
	check(0xff0000, 3);
	check(0x00ff00, 3);
	check(0x0000ff, 3);
	check(0xffff00, 3);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mtp/i420/colours", test_colours);
	return g_test_run();
}
