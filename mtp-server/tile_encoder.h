/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One rectangle of the picture to one tile of the wire (mtp/PROTOCOL.md, "Tiles"), by the kind that
 * suits what is in it: one colour, few colours, many. Main thread.
 */
#pragma once

#include "mtp/tile.h"
#include "mtp-server/drawn_encoder.h"
#include "mtp-server/palette.h"
#include "mtp-server/roughness.h"

/* What is in a rectangle, as far as it matters. */
enum content {
	CONTENT_PLAIN, /* one colour */
	CONTENT_FEW,   /* text, icons, drawn surfaces: a palette holds them */
	CONTENT_MANY,  /* photographs, gradients over photographs */
};

struct tile_encoder;

struct tile_encoder *tile_encoder_new(void);
void tile_encoder_free(struct tile_encoder *encoder);

/* Of one block. `palette` gets its colours, but for CONTENT_MANY. */
enum content tile_content(
    const struct picture *picture, struct rectangle r, struct palette *palette);

enum tile_quality {
	TILE_ROUGH, /* JPEG where that pays */
	TILE_FINE,  /* JPEG of 45 dB and better, of CONTENT_MANY */
	TILE_EXACT,
};

/* Does each pixel follow from its neighbours, but for a few? A gradient that was drawn; exact. */
bool tile_is_gradient(const struct picture *picture, struct rectangle r);

/* What a viewer takes, and how well it must be. */
struct tile_demand {
	uint32_t codecs; /* bit k: kind k; SOLID and ZSTD are always there */
	enum tile_quality quality;
	unsigned roughness;          /* of TILE_ROUGH: roughness_steps() */
	struct drawn_encoder *drawn; /* borrowed; NULL: no DRAWN tiles */
};

/* Encodes a rectangle of at most MTP_MAX_TILE pixels (any size when CONTENT_PLAIN). The palette
 * holds at least its colours. The tile's bytes are borrowed from the encoder until the next call.
 * False: the encoder's memory did not do (cannot happen with tiles of that size). */
bool tile_encode(struct tile_encoder *encoder, const struct picture *picture, struct rectangle r,
    enum content content, const struct palette *palette, const struct tile_demand *demand,
    struct mtp_tile *tile);
