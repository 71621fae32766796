/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Planar YUV 4:2:0 for the video codecs: BT.709, full range, so that nothing but the codec's own
 * loss and the halved chroma is measured. Sides are rounded up to even; the last row and column
 * repeat. */
#pragma once

#include "bench/screen/ppm.h"

struct yuv {
	unsigned width, height; /* even */
	uint8_t *planes[3];
	int strides[3];
};

void yuv_init(struct yuv *yuv, unsigned width, unsigned height);
void yuv_finish(struct yuv *yuv);
void yuv_from_ppm(struct yuv *yuv, const struct ppm *ppm);
/* Into width x height pixels R, G, B, A. Samples of chroma are `step` bytes apart: 2 when the two
 * planes are one. */
void yuv_to_rgba(uint8_t *const planes[3], const int strides[3], unsigned step, unsigned width,
    unsigned height, uint8_t *rgba);
