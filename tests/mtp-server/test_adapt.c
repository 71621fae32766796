/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fit, filter, and what is kept up to date: shapes, exact places, and that text survives. */
#include <glib.h>
#include <math.h>
#include <string.h>

#include "mtp-server/adapt.h"
#include "mtp-server/area_filter.h"

static struct adapt_fit fit_of(unsigned phone_width, unsigned phone_height, unsigned width,
    unsigned height, unsigned rotation, enum mtp_scaling scaling)
{
	const struct adapt_wish wish = {width, height, rotation, scaling};
	return adapt_fit(phone_width, phone_height, &wish);
}

static void test_fit(void)
{
	struct adapt_fit fit = fit_of(360, 720, 0, 0, 0, MTP_SCALING_EXACT);
	g_assert_true(adapt_fit_is_identity(&fit)); /* not told: as it is */
	fit = fit_of(360, 720, 1000, 1000, 0, MTP_SCALING_SHRINK);
	g_assert_true(adapt_fit_is_identity(&fit));
	fit = fit_of(360, 720, 200, 200, 0, MTP_SCALING_NONE);
	g_assert_true(adapt_fit_is_identity(&fit));

	fit = fit_of(720, 1440, 480, 800, 0, MTP_SCALING_SHRINK); /* by less than half: not */
	g_assert_true(adapt_fit_is_identity(&fit));
	fit = fit_of(720, 1440, 480, 720, 0, MTP_SCALING_SHRINK);
	g_assert_cmpuint(fit.width, ==, 360);
	g_assert_cmpuint(fit.height, ==, 720);
	fit = fit_of(721, 1441, 300, 200, 1, MTP_SCALING_SHRINK); /* turned: 1441x721 by 4 */
	g_assert_cmpuint(fit.width, ==, 361);
	g_assert_cmpuint(fit.height, ==, 181);
	fit = fit_of(720, 1440, 480, 800, 0, MTP_SCALING_EXACT);
	g_assert_cmpuint(fit.width, ==, 480);
	g_assert_cmpuint(fit.height, ==, 800);
	g_assert_cmpuint(fit.window.x, ==, 40);
	g_assert_cmpuint(fit.window.width, ==, 400);
	fit = fit_of(360, 720, 1440, 720, 1, MTP_SCALING_EXACT);
	g_assert_cmpuint(fit.window.width, ==, 1440);
	g_assert_cmpuint(fit.window.height, ==, 720);
	g_assert_cmpuint(adapt_fit_upright_width(&fit), ==, 720);
	/* Turned and nothing else. */
	fit = fit_of(360, 720, 0, 0, 3, MTP_SCALING_NONE);
	g_assert_cmpuint(fit.width, ==, 720);
	g_assert_false(adapt_fit_is_identity(&fit));
}

/* Whatever a terminal says, the framebuffer is one that MTP can carry, with the picture in it. */
static void test_hostile_terminals(void)
{
	static const unsigned numbers[] = {0, 1, 2, 3, 359, 360, 8191, 8192, 8193, 65535};
	static const unsigned phones[][2] = {
	    {1, 1}, {1, 8192}, {8192, 1}, {360, 720}, {4096, 4096}};
	for (unsigned p = 0; p < G_N_ELEMENTS(phones); p++)
		for (unsigned w = 0; w < G_N_ELEMENTS(numbers); w++)
			for (unsigned h = 0; h < G_N_ELEMENTS(numbers); h++)
				for (unsigned k = 0; k < 12; k++) {
					struct adapt_fit fit = fit_of(phones[p][0], phones[p][1],
					    numbers[w], numbers[h], k % 4, k / 4);
					g_assert_true(mtp_screen_is_valid(fit.width, fit.height));
					g_assert_false(rectangle_is_empty(fit.window));
					g_assert_cmpuint(
					    fit.window.x + fit.window.width, <=, fit.width);
					g_assert_cmpuint(
					    fit.window.y + fit.window.height, <=, fit.height);
					unsigned x, y;
					adapt_fit_to_phone(&fit, 65535, 0, &x, &y);
					g_assert_cmpuint(x, <, phones[p][0]);
					g_assert_cmpuint(y, <, phones[p][1]);
				}
}

/* A phone's pixel that is drawn large is hit where it is drawn, in every turn. */
static void test_touch(void)
{
	for (unsigned rotation = 0; rotation < 4; rotation++) {
		struct adapt_fit fit = fit_of(5, 9, 173, 131, rotation, MTP_SCALING_EXACT);
		AUTO(adapt) adapt = adapt_new(&fit);
		struct picture picture;
		struct block_set damage;
		picture_init(&picture, 5, 9);
		block_set_init(&damage, 5, 9);
		block_set_fill(&damage);
		for (unsigned i = 0; i < 5 * 9; i++)
			picture.now[i] = (i % 5 + 1) * 0x200000 | (i / 5 + 1) * 0x1400;
		adapt_damage(adapt, &picture, &damage);
		const uint32_t *pixels =
		    (const uint32_t *)(const void *)adapt_surface(adapt)->pixels;
		for (unsigned y = fit.window.y; y < fit.window.y + fit.window.height; y++)
			for (unsigned x = fit.window.x; x < fit.window.x + fit.window.width; x++) {
				unsigned px, py;
				adapt_fit_to_phone(&fit, x, y, &px, &py);
				uint32_t shown = pixels[y * fit.width + x];
				/* The soft edge, one pixel wide, is a mean of both sides. */
				g_assert_cmpint(
				    abs((int)(shown >> 16) - ((int)px + 1) * 0x20), <, 0x20);
				g_assert_cmpint(
				    abs((int)(shown >> 8 & 0xff) - ((int)py + 1) * 0x14), <, 0x14);
			}
		g_assert_cmphex(pixels[0], ==, 0); /* letterbox */
		picture_finish(&picture);
		block_set_finish(&damage);
	}
}

static uint32_t *noise(unsigned n)
{
	uint32_t *pixels = g_new(uint32_t, n);
	for (unsigned i = 0; i < n; i++)
		pixels[i] = g_test_rand_int() & 0xffffff;
	return pixels;
}

/* Unchanged where one pixel is one pixel, and where all are alike. */
/* A word at the phone's upper left, on terminals held in any way, and one that lies anywhere. */
static void test_word(void)
{
	const struct rectangle expected[] = {{10, 20, 30, 5}, {720 - 20 - 5, 10, 5, 30},
	    {360 - 10 - 30, 720 - 20 - 5, 30, 5}, {20, 360 - 10 - 30, 5, 30}};
	for (unsigned rotation = 0; rotation < 4; rotation++) {
		bool turned = rotation % 2;
		struct adapt_fit fit = fit_of(
		    720, 1440, turned ? 720 : 360, turned ? 360 : 720, rotation, MTP_SCALING_EXACT);
		struct mtp_word word = {.x = 20, .y = 40, .width = 60, .height = 10};
		adapt_fit_word(&fit, &word);
		const struct rectangle *r = &expected[rotation];
		g_assert_cmpuint(word.x, ==, r->x);
		g_assert_cmpuint(word.y, ==, r->y);
		g_assert_cmpuint(word.width, ==, r->width);
		g_assert_cmpuint(word.height, ==, r->height);
		word = (struct mtp_word){
		    .x = UINT16_MAX, .y = 1439, .width = UINT16_MAX, .height = UINT16_MAX};
		adapt_fit_word(&fit, &word);
		g_assert_cmpuint(word.x + word.width, <=, fit.width);
		g_assert_cmpuint(word.y + word.height, <=, fit.height);
	}
}

static void test_exact(void)
{
	enum { N = 61 };
	g_autofree uint32_t *source = noise(N * N), *to = g_new0(uint32_t, N * N);
	struct area_filter *same = area_filter_new(N, N, N, N);
	area_filter_apply(same, source, (struct rectangle){0, 0, N, N}, to, 1, N);
	g_assert_cmpmem(to, N * N * 4, source, N * N * 4);
	area_filter_free(same);
	for (unsigned grey = 0; grey < 256; grey++) {
		for (unsigned i = 0; i < N * N; i++)
			source[i] = grey * 0x010101;
		struct area_filter *other = area_filter_new(N, N, 7 + grey % 50, 43 + grey % 40);
		area_filter_apply(other, source, (struct rectangle){0, 0, 7, 43}, to, 1, 7);
		for (unsigned i = 0; i < 7 * 43; i++)
			g_assert_cmphex(to[i], ==, grey * 0x010101);
		area_filter_free(other);
	}
}

/* Changed bit by bit, in any turn and size, the surface is what it would be done at once; and what
 * was not announced as changed has not changed. */
static void test_parts(void)
{
	static const unsigned sizes[][2] = {
	    {41, 90}, {360, 700}, {200, 131}, {811, 1333}, {359, 699}};
	enum { WIDTH = 360, HEIGHT = 700 };
	for (unsigned i = 0; i < G_N_ELEMENTS(sizes) * 4; i++) {
		struct adapt_fit fit = fit_of(
		    WIDTH, HEIGHT, sizes[i / 4][0], sizes[i / 4][1], i % 4, MTP_SCALING_EXACT);
		AUTO(adapt) adapt = adapt_new(&fit);
		struct picture picture;
		struct block_set damage;
		picture_init(&picture, WIDTH, HEIGHT);
		block_set_init(&damage, WIDTH, HEIGHT);
		adapt_damage(adapt, &picture, &damage);
		for (unsigned round = 0; round < 6; round++) {
			size_t size = (size_t)fit.width * fit.height * 4;
			g_autofree uint8_t *before = g_memdup2(adapt_surface(adapt)->pixels, size);
			block_set_clear(&damage);
			for (unsigned k = 0; k < 5; k++) {
				unsigned column = g_test_rand_int_range(0, (int)damage.columns);
				unsigned row = g_test_rand_int_range(0, (int)damage.rows);
				struct rectangle r = block_set_pixels(&damage, column, row, 1, 1);
				block_set_add(&damage, column, row);
				for (unsigned y = r.y; y < r.y + r.height; y++)
					for (unsigned x = r.x; x < r.x + r.width; x++)
						picture.now[y * WIDTH + x] = g_test_rand_int();
			}
			struct rectangle changed = adapt_damage(adapt, &picture, &damage);
			AUTO(adapt) whole = adapt_new(&fit);
			adapt_damage(whole, &picture, &damage);
			g_assert_cmpmem(
			    adapt_surface(adapt)->pixels, size, adapt_surface(whole)->pixels, size);
			for (unsigned y = 0; y < fit.height; y++)
				for (unsigned x = 0; x < fit.width; x++) {
					size_t at = ((size_t)y * fit.width + x) * 4;
					bool inside = x >= changed.x && y >= changed.y &&
					              x < changed.x + changed.width &&
					              y < changed.y + changed.height;
					g_assert_true(
					    inside ||
					    memcmp(before + at, adapt_surface(adapt)->pixels + at,
					        4) == 0);
				}
		}
		picture_finish(&picture);
		block_set_finish(&damage);
	}
}

/* What naive scaling does: the neighbours of one point, however many pixels it stands for. */
static uint32_t bilinear(const uint32_t *row, unsigned from, unsigned to, unsigned x)
{
	double at = MAX((x + 0.5) * from / to - 0.5, 0);
	unsigned left = (unsigned)at, right = MIN(left + 1, from - 1);
	double part = at - left;
	return (uint32_t)((row[left] & 0xff) * (1 - part) + (row[right] & 0xff) * part + 0.5) *
	       0x010101;
}

/* Strokes one pixel wide, as a text's stems, every 11.3 pixels: how much of each one's darkness is
 * still there? Returns the smallest and the largest share. */
static void stroke_weights(const uint32_t *row, unsigned from, unsigned to, const double *strokes,
    unsigned n, double *least, double *most)
{
	*least = G_MAXDOUBLE;
	*most = 0;
	for (unsigned k = 0; k < n; k++) {
		double middle = (strokes[k] + 0.5) * to / from, dark = 0;
		for (int x = (int)(middle - 2.5); x <= (int)(middle + 2.5); x++)
			if (x >= 0 && x < (int)to)
				dark += 1 - (row[x] & 0xff) / 255.0;
		double share = dark * from / to;
		*least = MIN(*least, share);
		*most = MAX(*most, share);
	}
}

static void test_text_survives(void)
{
	enum { FROM = 720, STROKES = 60 };
	static const unsigned sizes[] = {240, 270, 300, 330, 400, 480, 540};
	double strokes[STROKES];
	uint32_t row[FROM], smart[FROM], naive[FROM];
	for (unsigned i = 0; i < FROM; i++)
		row[i] = 0xffffff;
	for (unsigned i = 0; i < STROKES; i++)
		row[(unsigned)(strokes[i] = floor(10 + i * 11.3))] = 0;
	for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
		unsigned to = sizes[i];
		struct area_filter *filter = area_filter_new(FROM, 1, to, 1);
		area_filter_apply(filter, row, (struct rectangle){0, 0, to, 1}, smart, 1, FROM);
		for (unsigned x = 0; x < to; x++)
			naive[x] = bilinear(row, FROM, to, x);
		double least, most, naive_least, naive_most;
		stroke_weights(smart, FROM, to, strokes, STROKES, &least, &most);
		stroke_weights(naive, FROM, to, strokes, STROKES, &naive_least, &naive_most);
		g_test_message("%u -> %u: weight of strokes %.2f to %.2f, bilinear %.2f to %.2f",
		    FROM, to, least, most, naive_least, naive_most);
		g_assert_cmpfloat(least, >, 0.98);
		g_assert_cmpfloat(most, <, 1.02);
		g_assert_true(naive_least < 0.9 || naive_most > 1.1);
		area_filter_free(filter);
	}
}

/* Enlarged, a pixel stays a square: only its border is mixed, everywhere else it is itself. */
static void test_enlarged_sharp(void)
{
	enum { N = 16, TO = 57 };
	g_autofree uint32_t *source = noise(N * N), *to = g_new0(uint32_t, TO * TO);
	struct area_filter *filter = area_filter_new(N, N, TO, TO);
	area_filter_apply(filter, source, (struct rectangle){0, 0, TO, TO}, to, 1, TO);
	unsigned pure = 0;
	for (unsigned y = 0; y < TO; y++)
		for (unsigned x = 0; x < TO; x++)
			pure += to[y * TO + x] == source[y * N / TO * N + x * N / TO];
	/* Of 3.56 pixels a side at most one is shared: (2.56 / 3.56) squared. */
	g_assert_cmpuint(pure, >, TO * TO * 51 / 100);
	area_filter_free(filter);
}

/* Not a limit, a figure: a whole change of the largest usual screen. */
static void test_cost(void)
{
	g_autofree uint32_t *source = noise(720 * 1440), *to = g_new0(uint32_t, 1080 * 2160);
	static const unsigned sizes[][2] = {{360, 720}, {480, 960}, {1080, 2160}};
	for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
		unsigned width = sizes[i][0], height = sizes[i][1];
		struct area_filter *f = area_filter_new(720, 1440, width, height);
		gint64 begin = g_get_monotonic_time();
		for (unsigned k = 0; k < 5; k++)
			area_filter_apply(
			    f, source, (struct rectangle){0, 0, width, height}, to, 1, width);
		g_test_message("720x1440 to %ux%u: %.2f ms", width, height,
		    (double)(g_get_monotonic_time() - begin) / 5000);
		area_filter_free(f);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/adapt/fit", test_fit);
	g_test_add_func("/adapt/hostile-terminals", test_hostile_terminals);
	g_test_add_func("/adapt/touch", test_touch);
	g_test_add_func("/adapt/word", test_word);
	g_test_add_func("/adapt/exact", test_exact);
	g_test_add_func("/adapt/parts", test_parts);
	g_test_add_func("/adapt/text-survives", test_text_survives);
	g_test_add_func("/adapt/enlarged-sharp", test_enlarged_sharp);
	g_test_add_func("/adapt/cost", test_cost);
	return g_test_run();
}
