/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/reader/contrast.h"

#include <glib.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* The ground is looked for at the corners of a grid, in a square around each that holds a line of
 * text or two: most of it is not ink. Neighbouring greys count as one, or a gradient had none. */
#define GRID 16
#define AROUND 24
#define GREYS 64
/* Less than that is the edge of a button, a shadow or a gradient. */
#define INK_MIN 32

struct ground {
	unsigned columns, rows;
	uint8_t *greys;
};

/* Rec. 601's luma, in 256ths. */
static uint8_t grey_of(uint32_t pixel)
{
	return (uint8_t)(((pixel >> 16 & 0xff) * 77 + (pixel >> 8 & 0xff) * 150 +
	                     (pixel & 0xff) * 29) >>
	                 8);
}

static uint8_t ground_at(const struct ink *grey, unsigned x, unsigned y)
{
	unsigned count[GREYS] = {0}, sum[GREYS] = {0}, most = 0;
	unsigned left = x > AROUND ? x - AROUND : 0, right = MIN(x + AROUND, grey->width);
	unsigned top = y > AROUND ? y - AROUND : 0, bottom = MIN(y + AROUND, grey->height);
	for (unsigned row = top; row < bottom; row++)
		for (unsigned column = left; column < right; column++) {
			uint8_t value = grey->pixels[(size_t)row * grey->width + column];
			count[value * GREYS / 256]++;
			sum[value * GREYS / 256] += value;
		}
	for (unsigned i = 1; i < GREYS; i++)
		if (count[i] > count[most])
			most = i;
	return count[most] ? (uint8_t)(sum[most] / count[most]) : 0;
}

static void find_ground(const struct ink *grey, struct ground *ground)
{
	ground->columns = (grey->width + GRID / 2) / GRID + 1;
	ground->rows = (grey->height + GRID / 2) / GRID + 1;
	ground->greys = g_malloc((size_t)ground->columns * ground->rows);
	for (unsigned row = 0; row < ground->rows; row++)
		for (unsigned column = 0; column < ground->columns; column++)
			ground->greys[row * ground->columns + column] = ground_at(
			    grey, MIN(column * GRID, grey->width), MIN(row * GRID, grey->height));
}

/* Pixels that are alike in so long a run, across and down, are an area and not a stroke. */
#define AREA 12

/* Marks what is in a run of AREA, along rows (step 1) or columns (step: the width). */
static void mark_runs(
    const uint8_t *grey, size_t step, unsigned length, uint8_t *marks, uint8_t mark)
{
	for (unsigned begin = 0, end; begin < length; begin = end) {
		end = begin + 1;
		while (end < length && abs(grey[end * step] - grey[(end - 1) * step]) <= 1)
			end++;
		if (end - begin >= AREA)
			for (unsigned i = begin; i < end; i++)
				marks[i * step] |= mark;
	}
}

static uint8_t *find_areas(const struct ink *grey)
{
	uint8_t *marks = g_malloc0((size_t)grey->width * grey->height);
	for (unsigned y = 0; y < grey->height; y++)
		mark_runs(grey->pixels + (size_t)y * grey->width, 1, grey->width,
		    marks + (size_t)y * grey->width, 1);
	for (unsigned x = 0; x < grey->width; x++)
		mark_runs(grey->pixels + x, grey->width, grey->height, marks + x, 2);
	return marks;
}

void ink_init(struct ink *ink, const uint32_t *pixels, unsigned width, unsigned height)
{
	size_t n = (size_t)width * height;
	*ink = (struct ink){.width = width, .height = height, .pixels = g_malloc(n)};
	for (size_t i = 0; i < n; i++)
		ink->pixels[i] = grey_of(pixels[i]);
	struct ground ground;
	find_ground(ink, &ground);
	g_autofree uint8_t *areas = find_areas(ink);
	for (unsigned y = 0; y < height; y++) {
		const uint8_t *greys =
		    ground.greys + (size_t)((y + GRID / 2) / GRID) * ground.columns;
		uint8_t *row = ink->pixels + (size_t)y * width;
		for (unsigned x = 0; x < width; x++) {
			unsigned difference = (unsigned)abs(row[x] - greys[(x + GRID / 2) / GRID]);
			bool area = areas[(size_t)y * width + x] == 3;
			row[x] = (uint8_t)(255 - (area || difference < INK_MIN ? 0 : difference));
		}
	}
	g_free(ground.greys);
}

void ink_finish(struct ink *ink)
{
	g_free(ink->pixels);
	ink->pixels = NULL;
}
