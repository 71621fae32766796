/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The stream that video.c feeds in motion and video_refine.c once it is quiet: an encoder for one
 * area of the screen, its input, and the mask of what the next tile shows. Columns and rows are of
 * blocks, in the area. For these two files. One thread.
 */
#pragma once

#include "mtp/i420.h"
#include "mtp/tile.h"
#include "mtp-server/picture.h"

struct refined {
	uint8_t steps;  /* that the block has been through since it changed */
	uint32_t error; /* after the last of them (video_quality.h) */
};

struct video {
	struct video_encoder *encoder; /* NULL: no stream */
	struct rectangle area;
	uint8_t *memory; /* of input and decoded */
	struct mtp_i420 input, decoded;
	bool key; /* the next access unit begins the stream */
	uint8_t *mask;
	size_t mask_size;
	struct refined *refined; /* of the area */
	unsigned block_took;     /* bytes, when something was refined last; 0: never yet */
};

/* Blocks: fewer are better off as tiles, exact, while the area is still. */
#define VIDEO_BLOCKS_MIN 4

static inline unsigned video_blocks(unsigned pixels)
{
	return (pixels + BLOCK - 1) / BLOCK;
}

/* A stream of this area: the one that there is, or a new one. False: there is no encoder for it. */
bool video_start(struct video *video, struct rectangle area);
struct rectangle video_pixels(const struct video *video, unsigned column, unsigned row);
struct refined *video_refined(struct video *video, unsigned column, unsigned row);

/* The next tile, of the blocks in the mask (or of all: then the mask is not sent). */
struct mtp_tile video_tile(const struct video *video, bool all);
/* Adds a block to the mask. */
void video_show(struct video *video, unsigned column, unsigned row);
/* The block's pixels become the encoder's. */
void video_take(struct video *video, const struct picture *picture, unsigned column, unsigned row);
/* Encodes the input and writes it as that tile. False: nothing came of it, and the stream is over.
 */
bool video_encode_tile(struct video *video, const struct picture *picture, struct mtp_tile *tile,
    unsigned qp, struct mtp_writer *w);

#define VIDEO_EACH_SHOWN(v, tile, column, row)                                                     \
	for (unsigned row = 0; row < video_blocks((v)->area.height); row++)                        \
		for (unsigned column = 0; column < video_blocks((v)->area.width); column++)        \
			if (mtp_video_shows(tile, column, row))
