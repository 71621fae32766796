/* SPDX-License-Identifier: MIT */
/*
 * Between RGB and what video codecs take: a plane of luma and two of chroma at half the resolution
 * (4:2:0), full range, BT.601 as in JFIF 1.02. Sides are even. No memory is allocated.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct mtp_i420 {
	unsigned width, height; /* of the luma plane; even */
	uint8_t *planes[3];     /* Y, Cb, Cr; borrowed */
	size_t strides[3];      /* bytes */
};

/* Bytes of the three planes, one after the other. */
size_t mtp_i420_size(unsigned width, unsigned height);
/* Planes in `memory`, which holds mtp_i420_size() bytes. */
struct mtp_i420 mtp_i420_of(uint8_t *memory, unsigned width, unsigned height);

/* Takes over `width` x `height` pixels, 0xXXRRGGBB, to (x, y) of the planes; all four even.
 * `stride` counts pixels. */
void mtp_i420_put(const struct mtp_i420 *to, unsigned x, unsigned y, unsigned width,
    unsigned height, const uint32_t *pixels, size_t stride);
/* What may be looked at beyond a rectangle: the next samples of chroma at its sides. */
enum mtp_i420_side {
	MTP_I420_LEFT = 1,
	MTP_I420_RIGHT = 2,
	MTP_I420_ABOVE = 4,
	MTP_I420_BELOW = 8,
};

/* Gives them as R, G, B and 255; `stride` counts bytes; all four even. Chroma is interpolated as
 * JPEG decoders do ("fancy upsampling" in libjpeg's jdsample.c), because photographs have been
 * through that before: nearest samples cost up to 5 dB. Beyond the rectangle only what `beyond`
 * names, of enum mtp_i420_side, is used. */
void mtp_i420_get(const struct mtp_i420 *from, unsigned x, unsigned y, unsigned width,
    unsigned height, unsigned beyond, uint8_t *rgba, size_t stride);
