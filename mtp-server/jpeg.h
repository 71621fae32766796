/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Baseline JPEG of 32-bit pixels (libjpeg-turbo), into a buffer of the caller's. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct jpeg_encoder;

/* `fine`: chroma keeps all its samples, and the tables are the image's own. */
struct jpeg_encoder *jpeg_encoder_new(bool fine);
void jpeg_encoder_free(struct jpeg_encoder *encoder);
/* `pixels` 0xXXRRGGBB, `stride` pixels from row to row; quality 1 to 100. Returns the image's size,
 * or 0 when it does not fit the `capacity` of `out`. */
size_t jpeg_encode(struct jpeg_encoder *encoder, const uint32_t *pixels, size_t stride,
    unsigned width, unsigned height, int quality, uint8_t *out, size_t capacity);
