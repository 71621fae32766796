/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the surface to the viewer's pixels: damage, motion, tiles, with a decoder at the end. */
#include "tests/mtp-server/decoder.h"
#include "mtp-server/damage.h"
#include "mtp-server/tiling.h"

enum { WIDTH = 360, HEIGHT = 700 }; /* no multiples of a block */

struct fixture {
	uint32_t *pixels; /* the surface's, to be drawn into */
	struct surface *surface;
	struct picture picture;
	struct block_set damage, owed;
	struct fidelity shown;
	struct decoder decoder;
	struct tiling *tiling;
	uint8_t room[4 << 20];
	unsigned more;
};

static const struct rectangle everything = {0, 0, WIDTH, HEIGHT};
static const struct tile_demand all = {.codecs = 31};
static const struct tile_demand exact = {.codecs = 31, .quality = TILE_EXACT};

static struct fixture *set_up(void)
{
	struct fixture *f = g_new0(struct fixture, 1);
	g_autofree uint32_t *black = g_new0(uint32_t, (size_t)WIDTH * HEIGHT);
	f->surface = surface_new_copied(
	    black, (size_t)WIDTH * HEIGHT * 4, WIDTH, HEIGHT, WIDTH * 4, SURFACE_X8R8G8B8, NULL);
	f->pixels = (uint32_t *)(uintptr_t)f->surface->pixels;
	picture_init(&f->picture, WIDTH, HEIGHT);
	block_set_init(&f->damage, WIDTH, HEIGHT);
	block_set_init(&f->owed, WIDTH, HEIGHT);
	fidelity_init(&f->shown, WIDTH, HEIGHT);
	decoder_init(&f->decoder, WIDTH, HEIGHT);
	f->tiling = tiling_new();
	return f;
}

static void tear_down(struct fixture *f)
{
	surface_free(f->surface);
	picture_finish(&f->picture);
	block_set_finish(&f->damage);
	block_set_finish(&f->owed);
	fidelity_finish(&f->shown);
	decoder_finish(&f->decoder);
	tiling_free(f->tiling);
	g_free(f);
}

static void look(struct fixture *f)
{
	damage_collect(&f->picture, f->surface, everything, 1, &f->damage);
	block_set_unite(&f->owed, &f->damage);
}

/* One update to the decoder. */
static size_t send(
    struct fixture *f, const struct tile_demand *demand, struct tile_cache *cache, size_t limit)
{
	struct mtp_writer w = mtp_writer_of(f->room, sizeof f->room);
	struct tiling_result result =
	    tiling_write(f->tiling, &f->picture, &f->owed, &f->shown, demand, cache, limit, &w);
	g_assert_false(w.failed);
	struct mtp_update update = {.count = (uint16_t)result.tiles, .tiles = {f->room, w.size}};
	decoder_update(&f->decoder, &update);
	f->more = result.more;
	return w.size;
}

static void draw_noise(struct fixture *f, struct rectangle r, uint32_t mask)
{
	for (unsigned y = r.y; y < r.y + r.height; y++)
		for (unsigned x = r.x; x < r.x + r.width; x++)
			f->pixels[y * WIDTH + x] = g_test_rand_int() & mask;
}

/* Smooth, and more than 256 colours anywhere: what JPEG is for. */
static void draw_photograph(struct fixture *f, struct rectangle r)
{
	for (unsigned y = r.y; y < r.y + r.height; y++)
		for (unsigned x = r.x; x < r.x + r.width; x++) {
			unsigned grain = (unsigned)g_test_rand_int_range(0, 6);
			f->pixels[y * WIDTH + x] = (x / 2 % 250 + grain) << 16 |
			                           (y / 3 % 250 + grain) << 8 |
			                           ((x + y) / 4 % 250 + grain);
		}
}

static void draw_text(struct fixture *f, struct rectangle r)
{
	for (unsigned y = r.y; y < r.y + r.height; y++)
		for (unsigned x = r.x; x < r.x + r.width; x++) {
			unsigned grey = 255 - 17 * ((x * 7 + y * y * 3 + x * y) % 16);
			f->pixels[y * WIDTH + x] = grey << 16 | grey << 8 | grey;
		}
}

static void fill(struct fixture *f, struct rectangle r, uint32_t colour)
{
	for (unsigned y = r.y; y < r.y + r.height; y++)
		for (unsigned x = r.x; x < r.x + r.width; x++)
			f->pixels[y * WIDTH + x] = colour;
}

static void test_damage(void)
{
	struct fixture *f = set_up();
	look(f);
	g_assert_cmpuint(f->damage.count, ==, 0);
	g_assert_cmpuint(f->picture.version, ==, 0);
	/* The last pixel, in a block that is cut off on two sides. */
	f->pixels[WIDTH * HEIGHT - 1] = 1;
	f->pixels[33] = 2;
	look(f);
	g_assert_cmpuint(f->damage.count, ==, 2);
	g_assert_true(block_set_has(&f->damage, 1, 0));
	g_assert_true(block_set_has(&f->damage, f->damage.columns - 1, f->damage.rows - 1));
	/* To the pixel. */
	g_assert_cmpuint(
	    block_set_area(&f->damage, 0, 0, f->damage.columns, f->damage.rows), ==, 2);
	g_assert_cmphex(f->picture.now[33], ==, 2);
	g_assert_cmphex(f->picture.before[33], ==, 0);
	g_assert_cmpuint(picture_version_of(&f->picture, (struct rectangle){32, 0, 1, 1}), ==, 1);
	g_assert_cmpuint(picture_version_of(&f->picture, (struct rectangle){0, 0, 32, 1}), ==, 0);
	damage_settle(&f->picture, &f->damage);
	g_assert_cmphex(f->picture.before[33], ==, 2);
	look(f);
	g_assert_cmpuint(f->damage.count, ==, 0);
	/* Outside of what QEMU told of nobody looks. */
	f->pixels[0] = 3;
	damage_collect(&f->picture, f->surface, (struct rectangle){64, 0, 32, 32}, 2, &f->damage);
	g_assert_cmpuint(f->damage.count, ==, 0);
	tear_down(f);
}

/* Whatever is on the screen, it arrives exactly when exactly is asked for. */
static void test_lossless(void)
{
	struct fixture *f = set_up();
	draw_noise(f, (struct rectangle){0, 0, 200, 150}, UINT32_MAX);
	draw_photograph(f, (struct rectangle){200, 0, 160, 150});
	draw_text(f, (struct rectangle){0, 150, 300, 200});
	draw_noise(f, (struct rectangle){0, 350, 100, 50}, 0x00010101);
	draw_noise(f, (struct rectangle){100, 350, 100, 50}, 0x00000003);
	draw_noise(f, (struct rectangle){200, 350, 100, 50}, 0x00000001);
	draw_noise(f, (struct rectangle){0, 400, 360, 64}, 0x000000ff);
	fill(f, (struct rectangle){0, 480, WIDTH, 220}, 0xff336699);
	look(f);
	send(f, &exact, NULL, sizeof f->room);
	decoder_assert_shows(&f->decoder, f->pixels);
	g_assert_cmpuint(f->owed.count, ==, 0);
	g_assert_cmpuint(f->shown.rough.count, ==, 0);
	g_assert_cmpuint(f->decoder.tiles[MTP_TILE_JPEG], ==, 0);
	g_assert_cmpuint(f->decoder.tiles[MTP_TILE_ZSTD], >, 0);
	g_assert_cmpuint(f->decoder.tiles[MTP_TILE_PALETTE], >, 0);
	g_assert_cmpuint(f->decoder.tiles[MTP_TILE_SOLID], >, 0);

	/* For a client that knows SOLID and ZSTD alone. */
	memset(f->decoder.tiles, 0, sizeof f->decoder.tiles);
	memset(f->decoder.pixels, 1, sizeof(uint32_t) * WIDTH * HEIGHT);
	block_set_fill(&f->owed);
	send(f, &(struct tile_demand){.codecs = 9}, NULL, sizeof f->room);
	decoder_assert_shows(&f->decoder, f->pixels);
	g_assert_cmpuint(f->decoder.tiles[MTP_TILE_PALETTE], ==, 0);
	g_assert_cmpuint(f->decoder.tiles[MTP_TILE_JPEG], ==, 0);
	tear_down(f);
}

static void test_merging(void)
{
	struct fixture *f = set_up();
	fill(f, everything, 0x123456);
	look(f);
	size_t size = send(f, &all, NULL, sizeof f->room);
	g_assert_cmpuint(f->decoder.tiles[MTP_TILE_SOLID], ==, 1);
	g_assert_cmpuint(size, ==, 12);
	/* Text: tiles of up to 256x256. */
	draw_text(f, everything);
	look(f);
	send(f, &all, NULL, sizeof f->room);
	g_assert_cmpuint(f->decoder.tiles[MTP_TILE_PALETTE], ==, 6);
	decoder_assert_shows(&f->decoder, f->pixels);
	tear_down(f);
}

static void test_rough_then_exact(void)
{
	struct fixture *f = set_up();
	draw_text(f, (struct rectangle){0, 0, WIDTH, 320});
	draw_photograph(f, (struct rectangle){0, 320, WIDTH, HEIGHT - 320});
	look(f);
	size_t rough = send(f, &all, NULL, sizeof f->room);
	g_assert_cmpuint(f->decoder.tiles[MTP_TILE_JPEG], >, 0);
	g_assert_cmpuint(f->shown.rough.count, >, 0);
	/* Text is never rough. */
	g_assert_false(block_set_touches(&f->shown.rough, (struct rectangle){0, 0, WIDTH, 320}));
	/* And JPEG is near: on the mean within a few steps a channel. */
	uint64_t off = 0;
	for (size_t i = 320 * WIDTH; i < (size_t)WIDTH * HEIGHT; i++)
		off += (uint64_t)ABS(
		    (int)(f->decoder.pixels[i] >> 8 & 255) - (int)(f->pixels[i] >> 8 & 255));
	g_assert_cmpuint(off / (WIDTH * (HEIGHT - 320)), <=, 4);

	block_set_copy(&f->owed, &f->shown.rough);
	size_t refined = send(f, &exact, NULL, sizeof f->room);
	decoder_assert_shows(&f->decoder, f->pixels);
	g_assert_cmpuint(f->shown.rough.count, ==, 0);
	g_assert_cmpuint(rough, <, refined);
	tear_down(f);
}

/* A bounded update leaves the rest owed, and in the end all is there. */
static void test_limit(void)
{
	struct fixture *f = set_up();
	draw_noise(f, everything, UINT32_MAX);
	look(f);
	unsigned updates = 0;
	do {
		unsigned before = f->owed.count;
		size_t size = send(f, &exact, NULL, 150000);
		g_assert_cmpuint(size, <, 150000 + MTP_MAX_TILE * 3 + 1000);
		g_assert_cmpuint(f->owed.count, <, before);
		updates++;
	} while (f->more);
	g_assert_cmpuint(updates, >, 3);
	decoder_assert_shows(&f->decoder, f->pixels);
	tear_down(f);
}

static void test_cache(void)
{
	struct fixture *f = set_up();
	struct tile_cache *cache = tile_cache_new(1 << 20);
	draw_text(f, everything);
	look(f);
	size_t first = send(f, &all, cache, sizeof f->room);
	g_autofree uint8_t *bytes = g_memdup2(f->room, first);
	block_set_fill(&f->owed);
	size_t second = send(f, &all, cache, sizeof f->room);
	g_assert_cmpmem(f->room, second, bytes, first);
	/* A change is not answered from memory. */
	f->pixels[5 * WIDTH + 5] ^= 0xff00;
	look(f);
	block_set_fill(&f->owed);
	send(f, &all, cache, sizeof f->room);
	decoder_assert_shows(&f->decoder, f->pixels);
	tile_cache_free(cache);
	/* One too small to hold anything does no harm. */
	cache = tile_cache_new(10);
	block_set_fill(&f->owed);
	send(f, &all, cache, sizeof f->room);
	decoder_assert_shows(&f->decoder, f->pixels);
	tile_cache_free(cache);
	tear_down(f);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/picture/damage", test_damage);
	g_test_add_func("/picture/lossless", test_lossless);
	g_test_add_func("/picture/merging", test_merging);
	g_test_add_func("/picture/rough-then-exact", test_rough_then_exact);
	g_test_add_func("/picture/limit", test_limit);
	g_test_add_func("/picture/cache", test_cache);
	return g_test_run();
}
