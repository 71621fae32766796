/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/palette.h"

#include <glib.h>

static const struct rectangle line = {0, 0, 300, 1};

/* `colours` of them along one line, over and over. */
static void draw(struct picture *picture, unsigned colours)
{
	for (unsigned x = 0; x < 300; x++)
		picture->now[x] = 0xab000000 | (x % colours) * 0x010203;
}

static void test_size(void)
{
	struct picture picture;
	struct palette palette;
	picture_init(&picture, 300, 1);
	static const unsigned counts[] = {1, 2, 3, 16, 17, 255, 256};
	for (unsigned i = 0; i < G_N_ELEMENTS(counts); i++) {
		draw(&picture, counts[i]);
		palette_init(&palette);
		g_assert_true(palette_add_rectangle(&palette, &picture, line));
		g_assert_cmpuint(palette.size, ==, counts[i]);
		/* Known ones add nothing. */
		g_assert_true(palette_add_rectangle(&palette, &picture, line));
		g_assert_cmpuint(palette.size, ==, counts[i]);
	}
	draw(&picture, 257);
	palette_init(&palette);
	g_assert_false(palette_add_rectangle(&palette, &picture, line));
	g_assert_cmpuint(palette.size, ==, PALETTE_MAX);
	picture_finish(&picture);
}

static void test_pack(void)
{
	struct picture picture;
	struct palette palette;
	uint8_t bytes[32], colours[PALETTE_MAX * 3];
	picture_init(&picture, 5, 2);
	static const uint32_t two[] = {1, 2, 1, 1, 2, 2, 2, 2, 2, 1};
	memcpy(picture.now, two, sizeof two);
	palette_init(&palette);
	palette_add_rectangle(&palette, &picture, (struct rectangle){0, 0, 5, 2});
	size_t n = palette_pack(&palette, &picture, (struct rectangle){0, 0, 5, 2}, bytes);
	g_assert_cmpmem(bytes, n, "\x48\xf0", 2); /* 01001000 11110000 */
	palette_write_colours(&palette, colours);
	g_assert_cmpmem(colours, 6, "\0\0\1\0\0\2", 6);

	static const uint32_t four[] = {0xff0000, 0x00ff00, 0x0000ff, 0xffffff, 0xff0000};
	memcpy(picture.now, four, sizeof four);
	palette_init(&palette);
	palette_add_rectangle(&palette, &picture, (struct rectangle){0, 0, 5, 1});
	n = palette_pack(&palette, &picture, (struct rectangle){0, 0, 5, 1}, bytes);
	g_assert_cmpmem(bytes, n, "\x1b\x00", 2); /* 00011011 00...... */
	palette_write_colours(&palette, colours);
	g_assert_cmpmem(colours, 12, "\xff\0\0\0\xff\0\0\0\xff\xff\xff\xff", 12);

	for (unsigned i = 0; i < 5; i++)
		picture.now[i] = picture.now[i + 5] = i;
	palette_init(&palette);
	palette_add_rectangle(&palette, &picture, (struct rectangle){0, 0, 5, 1});
	n = palette_pack(&palette, &picture, (struct rectangle){0, 0, 5, 1}, bytes);
	g_assert_cmpmem(bytes, n, "\x01\x23\x40", 3);
	picture_finish(&picture);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/palette/size", test_size);
	g_test_add_func("/palette/pack", test_pack);
	return g_test_run();
}
