/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Encoded tiles, so that several viewers who need the same one make it once. Bounded: when full it
 * forgets everything, which costs one encoding each. Main thread.
 */
#pragma once

#include <glib.h>

#include "mtp-server/tile_encoder.h"

struct tile_cache;

struct tile_cache *tile_cache_new(size_t max_bytes);
void tile_cache_free(struct tile_cache *cache);

/* The tile of this rectangle, made from this version of the picture (picture_version_of()) to this
 * demand, as bytes of the wire; NULL when it is not there. Borrowed until the next put. */
GBytes *tile_cache_get(struct tile_cache *cache, struct rectangle r, uint64_t version,
    const struct tile_demand *demand);
void tile_cache_put(struct tile_cache *cache, struct rectangle r, uint64_t version,
    const struct tile_demand *demand, const void *bytes, size_t n);
/* Another screen: versions begin anew. */
void tile_cache_clear(struct tile_cache *cache);
