/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How like the original what a terminal shows is, over all frames of a recording. */
#pragma once

#include <stdint.h>

#include "bench/screen/ppm.h"

struct score {
	uint64_t pixels, exact;
	double squared_error; /* of all samples */
};

/* `rgba` (R, G, B, A; NULL or another size: counts as black) is shown where `frame` should be. */
void score_add(struct score *score, const struct ppm *frame, const uint8_t *rgba, unsigned width,
    unsigned height);
/* Share of the pixels that are right, cut off after six digits: 1 is all of them. */
double score_exact(const struct score *score);
/* Peak signal to noise ratio in dB, of the mean squared error of all samples of all frames;
 * infinity when there is none. */
double score_psnr(const struct score *score);
