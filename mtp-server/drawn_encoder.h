/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One viewer's side of its DRAWN tiles (mtp/drawn.h): what it has learnt from those it was sent.
 * Each viewer is sent other tiles, so each has its own. One thread.
 */
#pragma once

#include "mtp/drawn.h"
#include "mtp/tile.h"
#include "mtp-server/picture.h"

/* Of one tile; a larger one is not worth this kind. */
#define DRAWN_BYTES_MAX (512u << 10)
#define DRAWN_PIXELS_MAX (256u << 10)

struct drawn_encoder;

struct drawn_encoder *drawn_encoder_new(void);
void drawn_encoder_free(struct drawn_encoder *encoder);

/* The viewer's state is not to be relied on: the next tile begins a new one. */
void drawn_encoder_reset(struct drawn_encoder *encoder);

/* `known`: the viewer shows, exactly, the two rows above or below the rectangle (enum drawn_flag).
 * The tile's bytes lie in `out`, of DRAWN_BYTES_MAX. False: they do not fit, and the next tile will
 * begin a new state. */
bool drawn_encoder_encode(struct drawn_encoder *encoder, const struct picture *picture,
    struct rectangle r, unsigned known, uint8_t *out, struct mtp_tile *tile);
