/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The video stream of one viewer: blocks that it is owed in the area where pictures move
 * (video_area.h) go as one tile of H.264 (mtp/PROTOCOL.md, "H264") instead of as many. Only those
 * blocks are shown, and only those are new to the encoder: what is drawn around or over them stays
 * exact and costs nothing. Once it is quiet, further pictures of the same stream refine what is
 * poor, as far as that goes (docs/decisions/120). One thread.
 */
#pragma once

#include "mtp/tile.h"
#include "mtp-server/fidelity.h"
#include "mtp-server/picture.h"

struct video;

/* Is there an encoder in this build? */
bool video_is_possible(void);
struct video *video_new(void);
void video_free(struct video *video);

/* Writes a tile for blocks of `owed` within picture->moving, if there are any worth it: they are
 * taken out of `owed`, and `shown` is told. `roughness`: roughness_steps(). Returns how many tiles:
 * 0 or 1. */
unsigned video_write(struct video *video, const struct picture *picture, struct block_set *owed,
    struct fidelity *shown, unsigned roughness, struct mtp_writer *w);
/* Writes a tile that makes blocks of `poor`, a copy of shown->poor, better, in about `limit` bytes,
 * those in the middle first. Takes out of `poor` what it has shown or will show another time: what
 * is left is better sent otherwise. Returns how many tiles: 0 or 1. */
unsigned video_refine(struct video *video, const struct picture *picture, struct block_set *poor,
    struct fidelity *shown, size_t limit, struct mtp_writer *w);
/* These blocks have changed: whatever refined them is past. */
void video_changed(struct video *video, const struct block_set *damage);
/* The next tile begins a stream; until then no encoder is held. */
void video_stop(struct video *video);
