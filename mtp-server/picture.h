/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Our own copy of the phone's screen: what the viewers are told of. Beside the picture as it is, it
 * keeps the one before the last change, which motion is found against; the two differ in the
 * last damage only, so keeping them costs one more copy of that. Main thread.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "mtp-server/block_hash.h"

struct picture {
	unsigned width, height;
	uint32_t *now, *before; /* width * height pixels, 0xXXRRGGBB: the upper byte is noise */
	unsigned columns, rows; /* of blocks */
	uint64_t *versions;     /* a block: number of the change that touched it last */
	uint64_t version;       /* of the last change; grows for the picture's whole life */
	uint32_t time_ms;       /* when `now` was taken */
	/* A block: when it changed last, and what it showed before that, if it had for a while. */
	uint32_t *changed_ms;
	struct block_hash *rested;
	struct block_hash_keys *keys; /* hashes of other pictures do not compare */
	struct rectangle moving;      /* where pictures move (video_area.h); empty: nowhere */
};

/* Black. */
void picture_init(struct picture *picture, unsigned width, unsigned height);
void picture_finish(struct picture *picture);

static inline const uint32_t *picture_at(const struct picture *picture, unsigned x, unsigned y)
{
	return picture->now + (size_t)y * picture->width + x;
}

/* What the block shows. */
struct block_hash picture_block_hash(const struct picture *picture, unsigned column, unsigned row);
/* A block is about to change, at time_ms. */
void picture_block_changes(struct picture *picture, unsigned column, unsigned row);

/* The newest version among the blocks that the rectangle touches. */
uint64_t picture_version_of(const struct picture *picture, struct rectangle r);
