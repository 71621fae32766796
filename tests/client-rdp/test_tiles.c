/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is sent, drawn by FreeRDP's own decoders as a client does, is the picture. */
#include "mtp-client/rdp/tiles.h"

#include <freerdp/codec/color.h>
#include <freerdp/codec/interleaved.h>
#include <freerdp/codec/planar.h>
#include <glib.h>
#include <stdlib.h>
#include <string.h>

#define WIDTH 197 /* neither a multiple of a tile nor of four */
#define HEIGHT 75
#define STRIDE ((size_t)WIDTH * 4)
#define PDU_MAX 16383 /* a length of 14 bits */

struct terminal {
	rdpContext context; /* first: it is what callbacks get */
	rdpUpdate update;
	struct tiles *tiles;
	BITMAP_PLANAR_CONTEXT *planar;
	BITMAP_INTERLEAVED_CONTEXT *interleaved;
	uint8_t screen[STRIDE * HEIGHT], picture[STRIDE * HEIGHT];
	unsigned updates, bitmaps;
};

static void decode(struct terminal *t, const BITMAP_DATA *bitmap, uint8_t *pixels)
{
	uint32_t stride = bitmap->width * 4;

	if (!bitmap->compressed)
		g_assert_true(freerdp_image_copy(pixels, PIXEL_FORMAT_RGBX32, stride, 0, 0,
		    bitmap->width, bitmap->height, bitmap->bitmapDataStream, PIXEL_FORMAT_BGR24, 0,
		    0, 0, NULL, FREERDP_FLIP_VERTICAL));
	else if (bitmap->bitsPerPixel == 32)
		g_assert_true(planar_decompress(t->planar, bitmap->bitmapDataStream,
		    bitmap->bitmapLength, bitmap->width, bitmap->height, pixels,
		    PIXEL_FORMAT_RGBX32, stride, 0, 0, bitmap->width, bitmap->height, TRUE));
	else
		g_assert_true(interleaved_decompress(t->interleaved, bitmap->bitmapDataStream,
		    bitmap->bitmapLength, bitmap->width, bitmap->height, bitmap->bitsPerPixel,
		    pixels, PIXEL_FORMAT_RGBX32, stride, 0, 0, bitmap->width, bitmap->height,
		    NULL));
}

static BOOL on_bitmaps(rdpContext *context, const BITMAP_UPDATE *update)
{
	struct terminal *t = (struct terminal *)context;
	size_t bytes = 0;

	t->updates++;
	t->bitmaps += update->number;
	for (uint32_t i = 0; i < update->number; i++) {
		const BITMAP_DATA *bitmap = &update->rectangles[i];
		uint8_t pixels[64 * 64 * 4];

		g_assert_cmpuint(bitmap->width % 4, ==, 0);
		g_assert_cmpuint(bitmap->destRight, <, WIDTH);
		g_assert_cmpuint(bitmap->destBottom, <, HEIGHT);
		decode(t, bitmap, pixels);
		for (uint32_t y = bitmap->destTop; y <= bitmap->destBottom; y++)
			memcpy(t->screen + y * STRIDE + (size_t)bitmap->destLeft * 4,
			    pixels + (size_t)(y - bitmap->destTop) * bitmap->width * 4,
			    (size_t)(bitmap->destRight - bitmap->destLeft + 1) * 4);
		bytes += bitmap->bitmapLength + 26;
	}
	g_assert_cmpuint(bytes + 16, <=, PDU_MAX);
	return TRUE;
}

static void set_up(struct terminal *t, gconstpointer data)
{
	(void)data;
	t->context.update = &t->update;
	t->update.BitmapUpdate = on_bitmaps;
	t->tiles = tiles_new();
	t->planar = freerdp_bitmap_planar_context_new(0, 64, 64);
	t->interleaved = bitmap_interleaved_context_new(FALSE);
}

static void tear_down(struct terminal *t, gconstpointer data)
{
	(void)data;
	tiles_free(t->tiles);
	freerdp_bitmap_planar_context_free(t->planar);
	bitmap_interleaved_context_free(t->interleaved);
}

static void send_area(struct terminal *t, uint32_t x, uint32_t y, uint32_t width, uint32_t height)
{
	const struct rectangle area = {x, y, width, height};

	t->updates = t->bitmaps = 0;
	g_assert_true(tiles_send(t->tiles, &t->context, t->picture, STRIDE, &area));
}

/* As far as the bits of a 16 bit pixel go: 5 and 6 and 5. */
static void assert_shown(const struct terminal *t, int tolerance)
{
	for (size_t i = 0; i < sizeof t->screen; i++)
		if (i % 4 != 3)
			g_assert_cmpint(abs(t->screen[i] - t->picture[i]), <=, tolerance);
}

static void test_depth(struct terminal *t, gconstpointer data)
{
	uint32_t depth = GPOINTER_TO_UINT(data);

	g_assert_true(tiles_begin(t->tiles, WIDTH, HEIGHT, depth, true));
	/* The worst for every codec, a gradient, and one colour. */
	for (size_t i = 0; i < sizeof t->picture; i++)
		t->picture[i] = (uint8_t)g_test_rand_int();
	send_area(t, 0, 0, WIDTH, HEIGHT);
	assert_shown(t, depth < 24 ? 8 : 0);
	for (size_t i = 0; i < sizeof t->picture; i++)
		t->picture[i] = (uint8_t)(i % STRIDE / 4 + i / STRIDE);
	send_area(t, 0, 0, WIDTH, HEIGHT);
	assert_shown(t, depth < 24 ? 8 : 0);
	memset(t->picture, 0x42, sizeof t->picture);
	send_area(t, 0, 0, WIDTH, HEIGHT);
	assert_shown(t, depth < 24 ? 8 : 0);
}

static void test_changes(struct terminal *t, gconstpointer data)
{
	(void)data;
	g_assert_true(tiles_begin(t->tiles, WIDTH, HEIGHT, 32, true));
	send_area(t, 0, 0, WIDTH, HEIGHT);
	g_assert_cmpuint(t->bitmaps, ==, 4 * 3); /* black, but the client cannot know */
	send_area(t, 0, 0, WIDTH, HEIGHT);
	g_assert_cmpuint(t->updates, ==, 0);
	t->picture[40 * STRIDE + 70 * 4] = 1;
	send_area(t, 0, 0, WIDTH, HEIGHT);
	g_assert_cmpuint(t->bitmaps, ==, 1);
	assert_shown(t, 0);
	t->picture[0] = 1;
	send_area(t, 1, 1, 10, 10); /* that was not damaged */
	g_assert_cmpuint(t->bitmaps, ==, 0);
	send_area(t, 0, 0, 1, 1);
	assert_shown(t, 0);
	/* Beyond the desktop there is nothing. */
	send_area(t, WIDTH, 0, 100, 100);
	send_area(t, 0, HEIGHT, UINT16_MAX, UINT16_MAX);
	g_assert_cmpuint(t->updates, ==, 0);
}

static void test_alpha(struct terminal *t, gconstpointer data)
{
	(void)data;
	g_assert_true(tiles_begin(t->tiles, WIDTH, HEIGHT, 32, false));
	for (size_t i = 0; i < sizeof t->picture; i++)
		t->picture[i] = i % 4 == 3 ? 255 : (uint8_t)g_test_rand_int();
	send_area(t, 0, 0, WIDTH, HEIGHT);
	assert_shown(t, 0);
	g_assert_false(tiles_begin(t->tiles, WIDTH, HEIGHT, 8, false));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function, data)                                                                  \
	g_test_add("/tiles/" name, struct terminal, data, set_up, function, tear_down)
	ADD("32", test_depth, GUINT_TO_POINTER(32));
	ADD("24", test_depth, GUINT_TO_POINTER(24));
	ADD("16", test_depth, GUINT_TO_POINTER(16));
	ADD("15", test_depth, GUINT_TO_POINTER(15));
	ADD("changes", test_changes, NULL);
	ADD("alpha", test_alpha, NULL);
	return g_test_run();
}
