/* SPDX-License-Identifier: MIT */
/*
 * H.264 by OpenH264 (wels/codec_api.h), for tiles of pictures in motion. Every access unit has
 * been found valid by mtp_h264_is_valid(); whether it can be decoded is another matter.
 */
#pragma once

#include <stdbool.h>

#include "mtp/i420.h"

struct h264_decoder;

/* NULL: no memory. */
struct h264_decoder *h264_decoder_new(void);
void h264_decoder_free(struct h264_decoder *decoder);

/* One access unit, one picture. False: it is broken, or gives a picture of another size; only a new
 * decoder can go on. The planes are the decoder's, until the next call. */
bool h264_decode(struct h264_decoder *decoder, const uint8_t *unit, size_t size, unsigned width,
    unsigned height, struct mtp_i420 *picture);
