/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/reader/caret.h"

#include <glib.h>
#include <string.h>

#include "mtp-server/blocks.h"

#define INK_MAX 200 /* darker is ink */
#define PAPER 255
#define HEIGHT_MIN 14u /* pixels; lower ones stand in no line that could be read */
#define HEIGHT_MAX 120u
#define BEYOND 6 /* a share of its height: how far it reaches above and below the letters */
#define NEAR 6   /* times its height: some words */
#define SLIM 5   /* times as high as wide, and more */

static uint8_t ink_at(const struct ink *ink, unsigned x, unsigned y)
{
	return ink->pixels[(size_t)y * ink->width + x];
}

/* How far down it goes on in just this grey: letters have soft edges, a bar has not. */
static unsigned run_down(const struct ink *ink, unsigned x, unsigned y)
{
	unsigned n = 0;
	while (n <= HEIGHT_MAX && y + n < ink->height && ink_at(ink, x, y + n) == ink_at(ink, x, y))
		n++;
	return n;
}

static bool begins_at(const struct ink *ink, unsigned x, unsigned y)
{
	return ink_at(ink, x, y) < INK_MAX && (!y || ink_at(ink, x, y - 1) != ink_at(ink, x, y));
}

/* A filled rectangle with its upper left corner here? */
static bool bar_at(const struct ink *ink, unsigned x, unsigned y, struct rectangle *bar)
{
	unsigned height = begins_at(ink, x, y) ? run_down(ink, x, y) : 0, width = 0;
	if (height < HEIGHT_MIN || height > HEIGHT_MAX)
		return false;
	while (x + width < ink->width && begins_at(ink, x + width, y) &&
	       run_down(ink, x + width, y) == height)
		width++;
	*bar = (struct rectangle){x, y, width, height};
	return width * SLIM <= height;
}

/* The rows of the bar, from its top, that the letters near it fill: from the tops of the small ones
 * to where all stand. Few reach above or below. False: there are none. */
static bool line_beside(
    const struct ink *ink, const struct rectangle *bar, unsigned *top, unsigned *bottom)
{
	unsigned near = bar->height * NEAR, most = 0;
	unsigned left = bar->x > near ? bar->x - near : 0;
	unsigned right = MIN(bar->x + bar->width + near, ink->width);
	unsigned counts[HEIGHT_MAX];
	for (unsigned row = 0; row < bar->height; row++) {
		counts[row] = 0;
		for (unsigned x = left; x < right; x++)
			counts[row] += (x < bar->x || x >= bar->x + bar->width) &&
			               ink_at(ink, x, bar->y + row) < INK_MAX;
		most = MAX(most, counts[row]);
	}
	*top = bar->height;
	*bottom = 0;
	for (unsigned row = 0; row < bar->height; row++)
		if (most && counts[row] * 2 >= most) {
			*top = MIN(*top, row);
			*bottom = row + 1;
		}
	return most > 0;
}

void carets_remove(struct ink *ink)
{
	for (unsigned y = 0; y < ink->height; y++)
		for (unsigned x = 0; x < ink->width; x++) {
			struct rectangle bar;
			unsigned top, bottom;
			if (!bar_at(ink, x, y, &bar) || !line_beside(ink, &bar, &top, &bottom) ||
			    top < bar.height / BEYOND || bottom + bar.height / BEYOND > bar.height)
				continue;
			for (unsigned row = y; row < y + bar.height; row++)
				memset(
				    ink->pixels + (size_t)row * ink->width + x, PAPER, bar.width);
		}
}
