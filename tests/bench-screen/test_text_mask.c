/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What counts as text, on pictures drawn here. */
#include "bench/screen/text_mask.h"

#include <math.h>
#include <string.h>

#include "bench/screen/score.h"

enum { SIDE = TEXT_CELL * 4 };

struct fixture {
	struct ppm ppm;
	uint8_t rgba[SIDE * SIDE * 4];
};

static void set_up(struct fixture *f, gconstpointer data)
{
	(void)data;
	f->ppm = (struct ppm){.width = SIDE, .height = SIDE, .rgb = g_malloc(SIDE * SIDE * 3)};
	memset(f->ppm.rgb, 255, SIDE * SIDE * 3);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	(void)data;
	ppm_finish(&f->ppm);
}

static void put(
    struct fixture *f, unsigned x, unsigned y, unsigned width, unsigned height, int grey)
{
	for (unsigned i = y; i < y + height; i++)
		memset(f->ppm.rgb + ((size_t)i * SIDE + x) * 3, grey, (size_t)width * 3);
}

static void test_cells(struct fixture *f, gconstpointer data)
{
	(void)data;
	/* Nothing; a stem; a stem of too little contrast; the edge of an area. */
	put(f, TEXT_CELL + 6, 2, 2, 10, 0);
	put(f, 2 * TEXT_CELL + 6, 2, 2, 10, 230);
	put(f, 3 * TEXT_CELL, 0, 12, TEXT_CELL / 2, 0);
	g_assert_false(text_mask_has(&f->ppm, 0, 0));
	g_assert_true(text_mask_has(&f->ppm, 1, 0));
	g_assert_false(text_mask_has(&f->ppm, 2, 0));
	g_assert_false(text_mask_has(&f->ppm, 3, 0));
	/* Noise has no ground. */
	for (unsigned i = 0; i < SIDE * TEXT_CELL * 3; i++)
		f->ppm.rgb[SIDE * TEXT_CELL * 3 + i] = (uint8_t)g_test_rand_int();
	g_assert_false(text_mask_has(&f->ppm, 0, 1));
	g_assert_false(text_mask_has(&f->ppm, 4, 0));
}

static void test_score(struct fixture *f, gconstpointer data)
{
	(void)data;
	put(f, 6, 2, 2, 10, 0);
	for (unsigned i = 0; i < SIDE * SIDE; i++)
		memcpy(f->rgba + i * 4, f->ppm.rgb + i * 3, 3);
	struct text_score text = {0};
	struct score all = {0};
	text_score_add(&text, &f->ppm, f->rgba);
	score_add(&all, &f->ppm, f->rgba, SIDE, SIDE);
	g_assert_cmpfloat(text_score_exact(&text), ==, 1);
	g_assert_true(isinf(score_psnr(&all)));
	/* One pixel of the text, one elsewhere: one sample off by 51. */
	f->rgba[0] -= 51;
	f->rgba[(SIDE * SIDE - 1) * 4] -= 51;
	text = (struct text_score){0};
	all = (struct score){0};
	text_score_add(&text, &f->ppm, f->rgba);
	score_add(&all, &f->ppm, f->rgba, SIDE, SIDE);
	g_assert_cmpuint(text.pixels, ==, TEXT_CELL * TEXT_CELL);
	g_assert_cmpuint(text.exact, ==, TEXT_CELL * TEXT_CELL - 1);
	g_assert_cmpuint(all.exact, ==, SIDE * SIDE - 2);
	/* (255/51)^2 of 2 samples in 3 * 64 * 64. */
	g_assert_cmpfloat_with_epsilon(
	    score_psnr(&all), 10 * log10(25.0 * 3 * SIDE * SIDE / 2), 1e-9);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add("/text_mask/cells", struct fixture, NULL, set_up, test_cells, tear_down);
	g_test_add("/text_mask/score", struct fixture, NULL, set_up, test_score, tear_down);
	return g_test_run();
}
