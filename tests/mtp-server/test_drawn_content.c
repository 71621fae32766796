/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/drawn_content.h"

#include <glib.h>

static const struct rectangle block = {0, 0, BLOCK, BLOCK};

static uint32_t photograph(unsigned x, unsigned y)
{
	unsigned grain = (x * 7919 + y * 104729) % 61;
	return (80 + x * 3 + grain) << 16 | (90 + y * 2 + grain) << 8 | (40 + grain);
}

static uint32_t gradient(unsigned x, unsigned y)
{
	return 0x203040 + x * 0x020304 + y * 0x010201;
}

/* White letters, smoothed at their left, over something. */
static uint32_t lettered(uint32_t behind, unsigned x, unsigned y)
{
	unsigned at = x % 12;
	if (y < 6 || y >= 24 || at > 4)
		return behind;
	return at ? 0xffffff : (behind & 0xfefefe) / 2 + 0x7f7f7f;
}

static bool is_drawn(bool letters, uint32_t (*behind)(unsigned x, unsigned y))
{
	struct picture picture;
	picture_init(&picture, BLOCK, BLOCK);
	for (unsigned y = 0; y < BLOCK; y++)
		for (unsigned x = 0; x < BLOCK; x++) {
			uint32_t colour = behind(x, y);
			/* Upper bytes mean nothing. */
			picture.now[y * BLOCK + x] =
			    (letters ? lettered(colour, x, y) : colour) | x * y << 24;
		}
	bool drawn = content_is_drawn(&picture, block);
	picture_finish(&picture);
	return drawn;
}

static void test_photograph(void)
{
	g_assert_false(is_drawn(false, photograph));
	g_assert_false(is_drawn(false, gradient));
}

static void test_text_over(void)
{
	g_assert_true(is_drawn(true, photograph));
	g_assert_true(is_drawn(true, gradient));
}

static uint32_t speckled(unsigned x, unsigned y)
{
	return (x + 3 * y) % 5 == 0 ? 0x303030 : photograph(x, y);
}

static uint32_t flat(unsigned x, unsigned y)
{
	return y % 3 == 0 ? 0x808080 : photograph(x, y);
}

static void test_ground(void)
{
	g_assert_true(is_drawn(false, speckled));
	g_assert_true(is_drawn(false, flat));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/drawn-content/photograph", test_photograph);
	g_test_add_func("/drawn-content/text-over", test_text_over);
	g_test_add_func("/drawn-content/ground", test_ground);
	return g_test_run();
}
