/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where on a picture there is text, told from the picture alone: cells of 16 pixels whose
 * background is one flat colour and which have strokes on it, thin and of some contrast. The
 * encoder under test has no part in it. Text over a photograph is not counted.
 */
#pragma once

#include "bench/screen/ppm.h"

#define TEXT_CELL 16

/* Is the cell of this column and row text? */
bool text_mask_has(const struct ppm *ppm, unsigned column, unsigned row);

struct text_score {
	uint64_t pixels, exact;
};

/* Adds the text of a frame, and how much of it is shown (R, G, B, A; same size) as it is. */
void text_score_add(struct text_score *score, const struct ppm *frame, const uint8_t *rgba);
/* Share, cut off after six digits; 1 when there is no text. */
double text_score_exact(const struct text_score *score);
