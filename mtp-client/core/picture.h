/* SPDX-License-Identifier: MIT */
/*
 * The phone's screen as it has been received: pixels, and the rectangle that changed since it was
 * last shown.
 *
 * Pixels are bytes R, G, B, A in that order (SDL_PIXELFORMAT_RGBA32, ImageData), alpha always 255.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mtp-client/core/cells.h"
#include "mtp-client/core/codecs.h"
#include "mtp/drawn.h"
#include "mtp/tile.h"

#define PICTURE_BYTES 4                    /* a pixel */
#define PICTURE_SCRATCH (MTP_MAX_TILE * 3) /* bytes */

struct rectangle {
	uint32_t x, y, width, height; /* empty: width 0 */
};

struct picture {
	uint8_t *pixels; /* rows without gaps: the stride is width * PICTURE_BYTES */
	size_t capacity; /* pixels there is room for */
	uint32_t width, height;
	struct rectangle damage;
	struct cells cells;
	uint16_t video_width, video_height; /* of the H264 stream; 0: none has begun */
	struct drawn *drawn;                /* what DRAWN tiles have taught */
	bool out_of_step; /* that is not what the host thinks: wait for a new beginning */
	uint8_t *scratch; /* PICTURE_SCRATCH bytes: a tile between zstd and the screen */
};

/* Black, and all of it damaged. False: more pixels than there is room for, or none. */
bool picture_resize(struct picture *picture, uint32_t width, uint32_t height);

size_t picture_stride(const struct picture *picture);

/* Forget the damage: it has been shown. */
void picture_shown(struct picture *picture);

/* Draws a tile that mtp_tiles_next() found valid for a screen of this size. Returns NULL, or what
 * is wrong with its payload; its rectangle may then be half drawn. `*later`: its decoder has not
 * answered yet (MTP_DECODE_LATER). */
const char *picture_draw(struct picture *picture, const struct mtp_codecs *codecs,
    const struct mtp_tile *tile, bool *later);
/* Draws what was decoded later. */
void picture_draw_video(
    struct picture *picture, const struct mtp_tile *tile, const struct mtp_i420 *decoded);
