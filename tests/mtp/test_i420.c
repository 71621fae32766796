/* SPDX-License-Identifier: MIT */
#include "mtp/i420.h"

#include <glib.h>
#include <stdbool.h>
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
	mtp_i420_get(&planes, LEFT, TOP, WIDTH, HEIGHT, 0, rgba, WIDTH * 4);
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

/* A slope of colour comes back as a slope, and what lies beyond the rectangle has a say only where
 * it may: the planes around it hold another colour. */
static void test_interpolated(void)
{
	enum { SIDE = 64, AT = 16, PART = 32 };
	static uint32_t pixels[SIDE * SIDE];
	static uint8_t memory[SIDE * SIDE * 3 / 2], whole[SIDE * SIDE * 4], part[PART * PART * 4];
	struct mtp_i420 planes = mtp_i420_of(memory, SIDE, SIDE);
	for (unsigned i = 0; i < SIDE * SIDE; i++) {
		unsigned x = i % SIDE, y = i / SIDE;
		pixels[i] = (40 + 3 * x) << 16 | 100 << 8 | (30 + 3 * y);
	}
	mtp_i420_put(&planes, 0, 0, SIDE, SIDE, pixels, SIDE);
	mtp_i420_get(&planes, 0, 0, SIDE, SIDE, 0, whole, SIDE * 4);
	for (unsigned i = 0; i < SIDE * SIDE; i++) {
		unsigned x = i % SIDE, y = i / SIDE;
		if (x == 0 || y == 0 || x == SIDE - 1 || y == SIDE - 1)
			continue;
		g_assert_cmpint(abs(whole[4 * i] - (int)(pixels[i] >> 16)), <=, 2);
		g_assert_cmpint(abs(whole[4 * i + 2] - (int)(pixels[i] & 255)), <=, 3);
	}
	/* With all its neighbours a part is what it is in the whole. */
	const unsigned all = MTP_I420_LEFT | MTP_I420_RIGHT | MTP_I420_ABOVE | MTP_I420_BELOW;
	mtp_i420_get(&planes, AT, AT, PART, PART, all, part, PART * 4);
	for (unsigned y = 0; y < PART; y++)
		g_assert_cmpmem(
		    part + y * PART * 4, PART * 4, whole + ((AT + y) * SIDE + AT) * 4, PART * 4);
	/* Without, nothing beyond it is looked at, and inside it is still the same. */
	for (unsigned i = 0; i < SIDE / 2 * SIDE / 2; i++) {
		unsigned x = i % (SIDE / 2) * 2, y = i / (SIDE / 2) * 2;
		if (x < AT || x >= AT + PART || y < AT || y >= AT + PART)
			planes.planes[1][i] = planes.planes[2][i] = 0;
	}
	mtp_i420_get(&planes, AT, AT, PART, PART, 0, part, PART * 4);
	for (unsigned y = 0; y < PART; y++)
		for (unsigned x = 0; x < PART; x++) {
			const uint8_t *a = part + (y * PART + x) * 4;
			const uint8_t *b = whole + ((AT + y) * SIDE + AT + x) * 4;
			bool edge = x == 0 || y == 0 || x == PART - 1 || y == PART - 1;
			for (unsigned c = 0; c < 3; c++)
				g_assert_cmpint(abs(a[c] - b[c]), <=, edge ? 3 : 0);
		}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mtp/i420/colours", test_colours);
	g_test_add_func("/mtp/i420/interpolated", test_interpolated);
	return g_test_run();
}
