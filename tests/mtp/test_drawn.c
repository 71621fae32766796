/* SPDX-License-Identifier: MIT */
#include "mtp/drawn_checksum.h"

#include <glib.h>

enum { WIDTH = 96, HEIGHT = 80, ROOM = WIDTH * HEIGHT * 32 };

/* Two sides of a stream, and their pictures. */
struct ends {
	struct drawn *encoder, *decoder;
	uint32_t drawn[WIDTH * HEIGHT];
	uint8_t shown[WIDTH * HEIGHT * 4];
	uint8_t *bytes;
	struct glyph_place letters[100];
	unsigned n_letters;
};

static struct ends *ends_new(void)
{
	struct ends *e = g_new0(struct ends, 1);
	e->encoder = g_new(struct drawn, 1);
	e->decoder = g_new(struct drawn, 1);
	e->bytes = g_malloc(ROOM);
	drawn_init(e->encoder);
	drawn_init(e->decoder);
	return e;
}

static void ends_free(struct ends *e)
{
	g_free(e->encoder);
	g_free(e->decoder);
	g_free(e->bytes);
	g_free(e);
}

static size_t encode(struct ends *e, struct drawn_area area, unsigned flags)
{
	const struct drawn_letters letters = {e->letters, e->n_letters};
	const struct drawn_source source = {e->drawn, WIDTH, HEIGHT};
	return drawn_encode(e->encoder, &source, area, &letters, flags, e->bytes, ROOM);
}

static enum drawn_result decode(struct ends *e, struct drawn_area area, size_t n)
{
	const struct drawn_target target = {e->shown, WIDTH, HEIGHT};
	g_autofree uint8_t *exact = g_memdup2(e->bytes, n); /* for the sanitizer */
	return drawn_decode(e->decoder, &target, area, exact, n);
}

static void assert_shown(const struct ends *e, struct drawn_area a)
{
	for (unsigned y = a.y; y < a.y + a.height; y++)
		for (unsigned x = a.x; x < a.x + a.width; x++) {
			const uint8_t *s = e->shown + (y * WIDTH + x) * 4;
			g_assert_cmphex((guint)s[0] << 16 | (guint)s[1] << 8 | s[2], ==,
			    e->drawn[y * WIDTH + x] & 0xffffff);
			g_assert_cmpuint(s[3], ==, 255);
		}
}

static size_t send(struct ends *e, struct drawn_area area, unsigned flags)
{
	size_t n = encode(e, area, flags);
	g_assert_cmpuint(n, >, 0);
	g_assert_cmpint(decode(e, area, n), ==, DRAWN_OK);
	assert_shown(e, area);
	g_assert_cmpuint(e->encoder->checksum, ==, e->decoder->checksum);
	return n;
}

/* Something like a letter; the upper byte is noise, as QEMU's. */
static void draw_letter(struct ends *e, GRand *random, unsigned x0, unsigned y0)
{
	static const uint32_t greys[] = {0xffffff, 0x000000, 0xcccccc, 0x777777};
	unsigned letter = (unsigned)g_rand_int_range(random, 1, 6);
	for (unsigned y = 0; y < 9; y++)
		for (unsigned x = 0; x < 6; x++)
			e->drawn[(y0 + y) * WIDTH + x0 + x] =
			    greys[(x * letter + y * y * letter / 3) % 7 % 4] | 0xab000000;
}

static void draw_page(struct ends *e, uint32_t seed)
{
	g_autoptr(GRand) random = g_rand_new_with_seed(seed);
	for (unsigned i = 0; i < WIDTH * HEIGHT; i++)
		e->drawn[i] = 0xffffff;
	for (unsigned y = 3; y + 12 < HEIGHT; y += 13)
		for (unsigned x = 4; x + 8 < WIDTH; x += 8)
			draw_letter(e, random, x, y);
}

static void test_pages(void)
{
	struct ends *e = ends_new();
	const struct drawn_area all = {0, 0, WIDTH, HEIGHT};
	draw_page(e, 1);
	size_t first = send(e, all, DRAWN_RESET);
	draw_page(e, 2);
	size_t second = send(e, all, 0);
	/* What has been learnt outlives the tile, until the state is made new. */
	g_assert_cmpuint(second * 2, <, first);
	draw_page(e, 1);
	g_assert_cmpuint(send(e, all, DRAWN_RESET), ==, first);
	ends_free(e);
}

/* Where draw_page() has drawn letters, as far as they lie in the area. */
static void find_letters(struct ends *e, struct drawn_area a)
{
	e->n_letters = 0;
	for (unsigned y = 3; y + 12 < HEIGHT; y += 13)
		for (unsigned x = 4; x + 8 < WIDTH; x += 8)
			if (x >= a.x && y >= a.y && x + 6 <= a.x + a.width &&
			    y + 9 <= a.y + a.height)
				e->letters[e->n_letters++] = (struct glyph_place){
				    .x = x - a.x, .y = y - a.y, .width = 6, .height = 9};
}

/* Five letters are sent once, and then referred to; a new page costs a third of what it did. */
static void test_letters(void)
{
	struct ends *e = ends_new();
	const struct drawn_area all = {0, 0, WIDTH, HEIGHT};
	size_t plain = 0, glyphs = 0;
	for (unsigned page = 0; page < 20; page++) {
		draw_page(e, page);
		plain += send(e, all, page ? 0 : DRAWN_RESET);
	}
	find_letters(e, all);
	for (unsigned page = 0; page < 20; page++) {
		draw_page(e, page);
		size_t n = send(e, all, page ? 0 : DRAWN_RESET);
		glyphs += n;
		g_assert_cmpuint(e->decoder->referred, >=, e->n_letters - 5);
		g_assert_cmpuint(e->decoder->referred, ==, e->encoder->referred);
	}
	g_assert_cmpuint(glyphs, <, plain);
	ends_free(e);
}

/* More letters than there is room for: both sides replace the same. */
static void test_letters_replaced(void)
{
	struct ends *e = ends_new();
	g_autoptr(GRand) random = g_rand_new_with_seed(6);
	const struct drawn_area all = {0, 0, WIDTH, HEIGHT};
	find_letters(e, all);
	for (unsigned page = 0; page < 60; page++) {
		for (unsigned i = 0; i < WIDTH * HEIGHT; i++)
			e->drawn[i] = g_rand_int(random) & 0xf0f0f0;
		send(e, all, 0);
	}
	ends_free(e);
}

static void test_strips(void)
{
	struct ends *e = ends_new();
	g_autoptr(GRand) random = g_rand_new_with_seed(3);
	draw_page(e, 4);
	const struct drawn_area all = {0, 0, WIDTH, HEIGHT};
	send(e, all, 0);
	for (unsigned i = 0; i < 500; i++) {
		draw_page(e, i);
		struct drawn_area a = {.width = (unsigned)g_rand_int_range(random, 1, WIDTH + 1),
		    .height = (unsigned)g_rand_int_range(random, 1, HEIGHT + 1)};
		a.x = (unsigned)g_rand_int_range(random, 0, (gint)(WIDTH - a.width + 1));
		a.y = (unsigned)g_rand_int_range(random, 0, (gint)(HEIGHT - a.height + 1));
		unsigned flags = i % 50 ? 0 : DRAWN_RESET;
		/* What is around is what the client shows. */
		for (unsigned k = 0; k < WIDTH * HEIGHT; k++) {
			unsigned x = k % WIDTH, y = k / WIDTH;
			const uint8_t *s = e->shown + k * 4;
			if (x < a.x || x >= a.x + a.width || y < a.y || y >= a.y + a.height)
				e->drawn[k] = (uint32_t)s[0] << 16 | (uint32_t)s[1] << 8 | s[2];
		}
		if (a.y >= 2 && g_rand_boolean(random))
			flags |= DRAWN_ABOVE;
		else if (a.y + a.height + 2 <= HEIGHT)
			flags |= DRAWN_BELOW;
		e->n_letters = 0;
		if (g_rand_boolean(random))
			find_letters(e, a);
		send(e, a, flags);
	}
	ends_free(e);
}

/* Whatever the pixels are. */
static void test_noise(void)
{
	struct ends *e = ends_new();
	g_autoptr(GRand) random = g_rand_new_with_seed(5);
	const struct drawn_area all = {0, 0, WIDTH, HEIGHT};
	for (unsigned bits = 1; bits <= 32; bits++) {
		for (unsigned i = 0; i < WIDTH * HEIGHT; i++)
			e->drawn[i] = g_rand_int(random) >> (32 - bits);
		send(e, all, 0);
	}
	ends_free(e);
}

static void test_no_room(void)
{
	struct ends *e = ends_new();
	const struct drawn_area all = {0, 0, WIDTH, HEIGHT};
	const struct drawn_source source = {e->drawn, WIDTH, HEIGHT};
	draw_page(e, 1);
	size_t whole = encode(e, all, DRAWN_RESET);
	for (size_t room = 0; room < whole; room++)
		g_assert_cmpuint(drawn_encode(e->encoder, &source, all, &(struct drawn_letters){0},
		                     DRAWN_RESET, e->bytes, room),
		    ==, 0);
	g_assert_cmpuint(encode(e, all, DRAWN_RESET), ==, whole);
	ends_free(e);
}

static void test_malformed(void)
{
	struct ends *e = ends_new();
	const struct drawn_area all = {0, 0, WIDTH, HEIGHT}, top = {0, 0, 8, 8};
	const struct drawn_area bottom = {0, HEIGHT - 9, 8, 8};
	const struct {
		struct drawn_area area;
		uint8_t flags;
	} cases[] = {{all, 32}, {all, 255}, {all, DRAWN_ABOVE}, {top, DRAWN_ABOVE},
	    {bottom, DRAWN_BELOW}, {{0, 9, 8, 8}, DRAWN_ABOVE | DRAWN_BELOW}, {top, DRAWN_CHECK}};
	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		e->bytes[0] = cases[i].flags;
		g_assert_cmpint(decode(e, cases[i].area, 1), ==, DRAWN_MALFORMED);
	}
	g_assert_cmpint(decode(e, all, 0), ==, DRAWN_MALFORMED);
	draw_page(e, 1);
	size_t n = encode(e, all, DRAWN_RESET);
	/* What is missing reads as zeros; too much of that is noticed at once, the rest by a check.
	 */
	unsigned noticed = 0;
	for (size_t cut = 1; cut < n; cut++) {
		enum drawn_result result = decode(e, all, cut);
		g_assert_cmpint(result, !=, DRAWN_MALFORMED);
		noticed += result == DRAWN_OUT_OF_STEP;
	}
	g_assert_cmpuint(noticed, >, n / 2);
	send(e, all, DRAWN_RESET);
	ends_free(e);
}

/* A change that one side alone has made is found by one of the next checks, and a reset heals it.
 */
static void test_out_of_step(void)
{
	struct ends *e = ends_new();
	const struct drawn_area all = {0, 0, WIDTH, HEIGHT};
	for (unsigned i = 0; i < 40; i++) {
		draw_page(e, i);
		send(e, all, 0);
	}
	e->decoder->colours.cache[0] ^= 1;
	unsigned until = 0;
	enum drawn_result result = DRAWN_OK;
	for (; until < 100 && result == DRAWN_OK; until++) {
		draw_page(e, until);
		result = decode(e, all, encode(e, all, 0));
	}
	g_assert_cmpint(result, ==, DRAWN_OUT_OF_STEP);
	g_assert_cmpuint(until, <=, 2 * DRAWN_CHECK_EVERY);
	send(e, all, DRAWN_RESET);
	ends_free(e);
}

/* A difference anywhere in what is learnt is in the checksum in time. */
static void test_checksum(void)
{
	static const struct drawn_area all = {0, 0, WIDTH, HEIGHT};
	struct ends *e = ends_new();
	draw_page(e, 1);
	send(e, all, 0);
	struct drawn *d = e->decoder;
	void *const words[] = {&d->colours.far[65535].first, &d->colours.wide[40000].second,
	    &d->colours.near[4095].first, &d->colours.cache[255],
	    &d->colours.first[COLOUR_NEAR][15][16][3], &d->colours.others[6][15],
	    &d->colours.cached[1], &d->colours.slots[1][255], &d->colours.differences[2][255],
	    &d->whole[DRAWN_LENGTHS - 1][3], &d->stretch[1].bits[RANGE_NUMBER_WIDTH - 1][3],
	    &d->glyphs.more[0], &d->glyphs.is_new[0], &d->glyphs.is_follower[3],
	    &d->glyphs.index[1023], &d->glyphs.same_gap[0], &d->glyphs.same_line[1],
	    &d->glyphs.new_line[0], &d->glyphs.gap.width[3], &d->glyphs.height.bits[2][1]};
	for (unsigned i = 0; i < G_N_ELEMENTS(words); i++) {
		uint32_t *word = words[i], sums[2], tiles = d->tiles, checksum = d->checksum;
		for (unsigned side = 0; side < 2; side++) {
			*word ^= 1u << 10;
			d->tiles = tiles;
			d->checksum = checksum;
			for (unsigned n = 0; n < (1u << COLOUR_WIDE_BITS) / 64; n++)
				drawn_checksum_fold(d);
			sums[side] = d->checksum;
		}
		g_assert_cmpuint(sums[0], !=, sums[1]);
	}
	ends_free(e);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/drawn/pages", test_pages);
	g_test_add_func("/drawn/letters", test_letters);
	g_test_add_func("/drawn/letters-replaced", test_letters_replaced);
	g_test_add_func("/drawn/strips", test_strips);
	g_test_add_func("/drawn/noise", test_noise);
	g_test_add_func("/drawn/no-room", test_no_room);
	g_test_add_func("/drawn/malformed", test_malformed);
	g_test_add_func("/drawn/out-of-step", test_out_of_step);
	g_test_add_func("/drawn/checksum", test_checksum);
	return g_test_run();
}
