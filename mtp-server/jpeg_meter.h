/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How far a JPEG image that was made here is from what it was made of, by decoding it
 * (libjpeg-turbo). One thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

struct jpeg_meter;

struct jpeg_meter *jpeg_meter_new(void);
void jpeg_meter_free(struct jpeg_meter *meter);
/* Sum of the squared errors of R, G and B; `pixels` 0xXXRRGGBB, `stride` pixels from row to row.
 * UINT64_MAX: that is no image of this size. */
uint64_t jpeg_meter_error(struct jpeg_meter *meter, const uint32_t *pixels, size_t stride,
    unsigned width, unsigned height, const uint8_t *jpeg, size_t n);
