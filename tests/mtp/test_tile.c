/* SPDX-License-Identifier: MIT */
#include "mtp/tile.h"

#include <glib.h>

enum { WIDTH = 720, HEIGHT = 1440 };

static void check_bytes(const struct mtp_tile *tile, const char *expected, size_t expected_size)
{
	uint8_t bytes[2048];
	struct mtp_writer w = mtp_writer_of(bytes, sizeof bytes);
	mtp_tile_write(tile, WIDTH, HEIGHT, &w);
	g_assert_false(w.failed);
	g_assert_cmpmem(bytes, w.size, expected, expected_size);

	for (size_t n = 0; n <= w.size; n++) {
		g_autofree uint8_t *exact = g_memdup2(bytes, n);
		struct mtp_update update = {.count = 1, .tiles = {exact, n}};
		struct mtp_tiles tiles;
		struct mtp_tile back;
		mtp_tiles_init(&tiles, &update, WIDTH, HEIGHT);
		if (n < w.size) {
			g_assert_cmpint(mtp_tiles_next(&tiles, &back), ==, MTP_MALFORMED);
			g_assert_cmpint(mtp_tiles_next(&tiles, &back), ==, MTP_MALFORMED);
			continue;
		}
		g_assert_cmpint(mtp_tiles_next(&tiles, &back), ==, MTP_OK);
		g_assert_cmpint(mtp_tiles_next(&tiles, &(struct mtp_tile){0}), ==, MTP_AGAIN);
		struct mtp_writer w2 = mtp_writer_of(bytes + w.size, sizeof bytes - w.size);
		mtp_tile_write(&back, WIDTH, HEIGHT, &w2);
		g_assert_cmpmem(w2.bytes, w2.size, expected, expected_size);
	}
}
#define CHECK(literal, ...)                                                                        \
	check_bytes(&(struct mtp_tile){__VA_ARGS__}, literal, sizeof literal - 1)
#define BYTES(literal) (const uint8_t *)(literal)

static void test_bytes(void)
{
	CHECK("\0\0\0\0\0\x02\xd0\x05\xa0\x01\x02\x03", .kind = MTP_TILE_SOLID, .width = WIDTH,
	    .height = HEIGHT, .colour = {1, 2, 3});
	CHECK("\x01\0\x05\0\x06\0\x07\0\x08\0\x09\0\x0a", .kind = MTP_TILE_COPY, .x = 5, .y = 6,
	    .width = 7, .height = 8, .source_x = 9, .source_y = 10);
	CHECK("\x02\0\0\0\0\0\x02\0\x01\x01"
	      "abcdef"
	      "\0\0\0\x02zz",
	    .kind = MTP_TILE_PALETTE, .width = 2, .height = 1, .palette_size = 2,
	    .palette = BYTES("abcdef"), .data = BYTES("zz"), .size = 2);
	CHECK("\x03\0\0\0\0\x01\0\x01\0\0\0\0\x01z", .kind = MTP_TILE_ZSTD, .width = 256,
	    .height = 256, .data = BYTES("z"), .size = 1);
	CHECK("\x05\0\x20\0\x40\0\x41\0\x40\x03\xfa", .kind = MTP_TILE_KEEP, .x = 32, .y = 64,
	    .width = 65, .height = 64, .cell = 1018);
	CHECK("\x06\0\0\0\0\0\x01\0\x01\0\x07", .kind = MTP_TILE_RECALL, .width = 1, .height = 1,
	    .cell = 7);
	CHECK("\x04\x02\xcf\x05\x9f\0\x01\0\x01\0\0\0\0", .kind = MTP_TILE_JPEG, .x = 719,
	    .y = 1439, .width = 1, .height = 1);
	CHECK("\x07\0\0\0\0\x02\xd0\x05\xa0\0\0\0\x02\x01z", .kind = MTP_TILE_DRAWN, .width = WIDTH,
	    .height = HEIGHT, .data = BYTES("\x01z"), .size = 2);
	CHECK("\x08\0\x20\0\x40\0\x60\0\x22\x03\xa8\0\0\0\x01z", .kind = MTP_TILE_H264, .x = 32,
	    .y = 64, .width = 96, .height = 34, .flags = MTP_VIDEO_KEY | MTP_VIDEO_MASK,
	    .mask = BYTES("\xa8"), .data = BYTES("z"), .size = 1);
	CHECK("\x08\0\0\0\0\0\x02\0\x02\0\0\0\0\x01z", .kind = MTP_TILE_H264, .width = 2,
	    .height = 2, .data = BYTES("z"), .size = 1);
}

static void check_invalid(struct mtp_tile tile)
{
	g_assert_false(mtp_tile_is_valid(&tile, WIDTH, HEIGHT));
	uint8_t bytes[64];
	struct mtp_writer w = mtp_writer_of(bytes, sizeof bytes);
	mtp_tile_write(&tile, WIDTH, HEIGHT, &w);
	g_assert_true(w.failed);
	g_assert_cmpuint(w.size, ==, 0);
}

static void test_bounds(void)
{
	check_invalid((struct mtp_tile){.kind = MTP_TILE_SOLID, .width = 0, .height = 1});
	check_invalid((struct mtp_tile){.kind = MTP_TILE_SOLID, .width = 1, .height = 0});
	check_invalid(
	    (struct mtp_tile){.kind = MTP_TILE_SOLID, .x = WIDTH, .width = 1, .height = 1});
	check_invalid((struct mtp_tile){
	    .kind = MTP_TILE_SOLID, .x = 65535, .y = 65535, .width = 65535, .height = 65535});
	check_invalid((struct mtp_tile){
	    .kind = MTP_TILE_COPY, .width = 2, .height = 1, .source_x = WIDTH - 1});
	check_invalid((struct mtp_tile){
	    .kind = MTP_TILE_COPY, .width = 1, .height = 2, .source_y = HEIGHT - 1});
	check_invalid((struct mtp_tile){.kind = MTP_TILE_ZSTD, .width = 257, .height = 256});
	check_invalid((struct mtp_tile){.kind = MTP_TILE_JPEG, .width = 256, .height = 257});
	check_invalid((struct mtp_tile){
	    .kind = MTP_TILE_PALETTE, .width = 1, .height = 1, .palette_size = 0});
	check_invalid((struct mtp_tile){
	    .kind = MTP_TILE_PALETTE, .width = 1, .height = 1, .palette_size = 257});
	check_invalid((struct mtp_tile){
	    .kind = MTP_TILE_KEEP, .width = 65, .height = 64, .cell = MTP_CELLS - 5});
	check_invalid(
	    (struct mtp_tile){.kind = MTP_TILE_RECALL, .width = 1, .height = 1, .cell = MTP_CELLS});
	struct mtp_tile video = {
	    .kind = MTP_TILE_H264, .width = 32, .height = 32, .data = BYTES("z")};
	check_invalid(video); /* no access unit */
	video.size = 1;
	g_assert_true(mtp_tile_is_valid(&video, WIDTH, HEIGHT));
	video.width = 31;
	check_invalid(video);
	check_invalid((struct mtp_tile){.kind = MTP_TILE_KINDS, .width = 1, .height = 1});

	/* On the wire: a kind that nobody knows, and a tile out of the screen. */
	static const char *const hostile[] = {
	    "\xff\0\0\0\0\0\x01\0\x01\0\0\0\0\0", "\0\x02\xd0\0\0\0\x01\0\x01\0\0\0\0\0"};
	for (unsigned i = 0; i < G_N_ELEMENTS(hostile); i++) {
		struct mtp_update update = {.count = 1, .tiles = {BYTES(hostile[i]), 14}};
		struct mtp_tiles tiles;
		struct mtp_tile tile;
		mtp_tiles_init(&tiles, &update, WIDTH, HEIGHT);
		g_assert_cmpint(mtp_tiles_next(&tiles, &tile), ==, MTP_MALFORMED);
	}
}

/* 65535 copies of the whole screen would take a client minutes. */
static void test_overdraw(void)
{
	uint8_t bytes[256];
	struct mtp_writer w = mtp_writer_of(bytes, sizeof bytes);
	struct mtp_tile copy = {.kind = MTP_TILE_COPY, .width = WIDTH, .height = HEIGHT};
	for (unsigned i = 0; i < MTP_MAX_OVERDRAW + 1; i++)
		mtp_tile_write(&copy, WIDTH, HEIGHT, &w);
	struct mtp_update update = {.count = MTP_MAX_OVERDRAW + 1, .tiles = {bytes, w.size}};
	struct mtp_tiles tiles;
	struct mtp_tile tile;
	mtp_tiles_init(&tiles, &update, WIDTH, HEIGHT);
	for (unsigned i = 0; i < MTP_MAX_OVERDRAW; i++)
		g_assert_cmpint(mtp_tiles_next(&tiles, &tile), ==, MTP_OK);
	g_assert_cmpint(mtp_tiles_next(&tiles, &tile), ==, MTP_MALFORMED);
}

static void test_mask(void)
{
	struct mtp_tile tile = {.kind = MTP_TILE_H264, .width = 96, .height = 34};
	g_assert_cmpuint(mtp_video_mask_size(&tile), ==, 1);
	g_assert_true(mtp_video_shows(&tile, 2, 1));
	tile.flags = MTP_VIDEO_MASK;
	tile.mask = BYTES("\xa8"); /* 101 010 */
	for (unsigned i = 0; i < 6; i++)
		g_assert_cmpint(mtp_video_shows(&tile, i % 3, i / 3), ==, 0xa8 >> (7 - i) & 1);
	tile.width = tile.height = 65534;
	g_assert_cmpuint(mtp_video_mask_size(&tile), ==, 2048 * 2048 / 8);
}

static void test_raw_size(void)
{
	static const struct {
		unsigned colours, bits;
	} table[] = {{1, 1}, {2, 1}, {3, 2}, {4, 2}, {5, 4}, {16, 4}, {17, 8}, {256, 8}};
	for (unsigned i = 0; i < G_N_ELEMENTS(table); i++) {
		g_assert_cmpuint(mtp_palette_bits(table[i].colours), ==, table[i].bits);
		struct mtp_tile tile = {.kind = MTP_TILE_PALETTE,
		    .width = 9,
		    .height = 3,
		    .palette_size = table[i].colours};
		g_assert_cmpuint(mtp_tile_raw_size(&tile), ==, (9 * table[i].bits + 7) / 8 * 3);
	}
	struct mtp_tile tile = {.kind = MTP_TILE_ZSTD, .width = 9, .height = 3};
	g_assert_cmpuint(mtp_tile_raw_size(&tile), ==, 81);
	tile.kind = MTP_TILE_JPEG;
	g_assert_cmpuint(mtp_tile_raw_size(&tile), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/mtp/tile/bytes", test_bytes);
	g_test_add_func("/mtp/tile/bounds", test_bounds);
	g_test_add_func("/mtp/tile/overdraw", test_overdraw);
	g_test_add_func("/mtp/tile/mask", test_mask);
	g_test_add_func("/mtp/tile/raw-size", test_raw_size);
	return g_test_run();
}
