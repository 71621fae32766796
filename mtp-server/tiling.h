/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set of blocks to the tiles of one update: neighbouring blocks of like content become one tile
 * of up to 256x256 pixels (one colour: of any size). Main thread.
 */
#pragma once

#include "mtp-server/fidelity.h"
#include "mtp-server/tile_cache.h"

struct tiling; /* scratch memory, kept from update to update */

struct tiling *tiling_new(void);
void tiling_free(struct tiling *tiling);

struct tiling_result {
	unsigned tiles;
	size_t rough; /* bytes that were sent roughly */
	bool more;    /* some blocks did not fit */
};

/* Writes tiles for the blocks of `owed` and takes them out of it, until there are none left or the
 * next tile would go past `limit` bytes of the writer (one tile is always written). `shown`
 * is told what has been sent exactly, and what by JPEG. `cache` may be NULL. */
struct tiling_result tiling_write(struct tiling *tiling, const struct picture *picture,
    struct block_set *owed, struct fidelity *shown, const struct tile_demand *demand,
    struct tile_cache *cache, size_t limit, struct mtp_writer *w);
