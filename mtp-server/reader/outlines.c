/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/reader/outlines.h"

#include "mtp-server/reader/page.h"

#define PAPER 255
#define LARGE 48 /* pixels, as high or as wide: larger than most letters */
/* Of the box: the edge of a button has 2 to 8 %, a large thin digit 15 %. */
#define FILLED 0.11f
#define HUGE 160 /* larger than any letter: the ground between keys, a photograph */

static void make_paper(struct ink *ink, PIX *mask)
{
	for (unsigned y = 0; y < ink->height; y++) {
		const l_uint32 *line = pixGetData(mask) + (size_t)y * (size_t)pixGetWpl(mask);
		for (unsigned x = 0; x < ink->width; x++)
			if (GET_DATA_BIT(line, x))
				ink->pixels[(size_t)y * ink->width + x] = PAPER;
	}
}

/* Those of `inked` that are so large, either way. */
static PIX *larger(PIX *inked, int side)
{
	return pixSelectBySize(inked, side, side, 8, L_SELECT_IF_EITHER, L_SELECT_IF_GTE, NULL);
}

void outlines_remove(struct ink *ink)
{
	PIX *page = page_of(ink);
	PIX *inked = pixThresholdToBinary(page, PAPER);
	PIX *large = larger(inked, LARGE), *huge = larger(large, HUGE);
	PIX *outlines = pixSelectByAreaFraction(large, FILLED, 8, L_SELECT_IF_LT, NULL);
	make_paper(ink, huge);
	make_paper(ink, outlines);
	pixDestroy(&outlines);
	pixDestroy(&huge);
	pixDestroy(&large);
	pixDestroy(&inked);
	pixDestroy(&page);
}
