/* SPDX-License-Identifier: MIT */
/*
 * Pieces of the picture that the host had kept and may recall (mtp/PROTOCOL.md, KEEP and RECALL).
 * Their memory, 4 MiB, is taken once; what was never kept in is never touched. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mtp/tile.h"

struct cells {
	uint8_t *pixels; /* MTP_CELLS * MTP_CELL_SIDE * MTP_CELL_SIDE of 4 bytes */
	struct {
		uint8_t width, height; /* 0: empty */
	} sizes[MTP_CELLS];
};

/* False: no memory. */
bool cells_init(struct cells *cells);
void cells_finish(struct cells *cells);
void cells_clear(struct cells *cells);

/* From and to the picture, of 4 bytes a pixel, whose first pixel of a valid tile is at `pixels`;
 * `stride` in bytes. False: a cell holds nothing of that size; some may have been drawn. */
void cells_keep(
    struct cells *cells, const struct mtp_tile *tile, const uint8_t *pixels, size_t stride);
bool cells_recall(
    const struct cells *cells, const struct mtp_tile *tile, uint8_t *pixels, size_t stride);
