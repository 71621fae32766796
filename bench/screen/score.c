/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/screen/score.h"

#include <math.h>

static unsigned squared_error(const uint8_t *a, const uint8_t *b)
{
	int red = a[0] - b[0], green = a[1] - b[1], blue = a[2] - b[2];
	return (unsigned)(red * red + green * green + blue * blue);
}

void score_add(struct score *score, const struct ppm *frame, const uint8_t *rgba, unsigned width,
    unsigned height)
{
	static const uint8_t black[4];
	bool shown = rgba && width == frame->width && height == frame->height;
	size_t pixels = (size_t)frame->width * frame->height;
	uint64_t error = 0, exact = 0;
	for (size_t i = 0; i < pixels; i++) {
		unsigned e = squared_error(frame->rgb + i * 3, shown ? rgba + i * 4 : black);
		error += e;
		exact += e == 0;
	}
	score->pixels += pixels;
	score->exact += exact;
	score->squared_error += (double)error;
}

double score_exact(const struct score *score)
{
	return floor((double)score->exact / (double)score->pixels * 1e6) / 1e6;
}

double score_psnr(const struct score *score)
{
	if (score->squared_error == 0)
		return INFINITY;
	return 10 * log10(255.0 * 255.0 * (double)score->pixels * 3 / score->squared_error);
}
