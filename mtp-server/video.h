/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The video stream of one viewer: blocks that it is owed in the area where pictures move
 * (video_area.h) go as one tile of H.264 (mtp/PROTOCOL.md, "H264") instead of as many. Only those
 * blocks are shown, and only those are new to the encoder: what is drawn around or over them stays
 * exact and costs nothing. One thread.
 */
#pragma once

#include "mtp/tile.h"
#include "mtp-server/picture.h"

struct video;

/* Is there an encoder in this build? */
bool video_is_possible(void);
struct video *video_new(void);
void video_free(struct video *video);

/* Writes a tile for blocks of `owed` within picture->moving, if there are any worth it: they are
 * taken out of `owed` and added to `rough`. Returns how many tiles: 0 or 1. */
unsigned video_write(struct video *video, const struct picture *picture, struct block_set *owed,
    struct block_set *rough, struct mtp_writer *w);
/* The next tile begins a stream; until then no encoder is held. */
void video_stop(struct video *video);
