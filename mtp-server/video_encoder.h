/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pictures in motion to H.264 access units by libx264 (x264.h; which codec and why:
 * docs/decisions/080): one thread, no delay, constant quality, a key frame only at the beginning.
 * Built without libx264 there is none, and such pictures go as JPEG. One thread.
 */
#pragma once

#include <stdbool.h>

#include "mtp/i420.h"

struct video_encoder;

#define VIDEO_QP_AUTO 0u

bool video_encoder_is_there(void);
/* Sides are even. NULL: the library refuses. */
struct video_encoder *video_encoder_new(unsigned width, unsigned height);
void video_encoder_free(struct video_encoder *encoder);
/* Slices and, in the first, parameter sets, behind start codes; the bytes are the encoder's until
 * the next call. `qp`: the picture's quantiser (1 to 51), VIDEO_QP_AUTO: by constant quality. NULL:
 * it failed, and only a new one goes on. */
/* Pictures by constant quality are so many quantiser steps rougher from now on. */
void video_encoder_roughen(struct video_encoder *encoder, unsigned steps);
const uint8_t *video_encode(
    struct video_encoder *encoder, const struct mtp_i420 *frame, unsigned qp, size_t *size);
/* What a decoder shows after the last access unit, copied. */
void video_encoder_shown(const struct video_encoder *encoder, const struct mtp_i420 *to);
