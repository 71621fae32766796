/* SPDX-License-Identifier: MIT */
#include "mtp-client/core/cells.h"

#include <stdlib.h>
#include <string.h>

#define PIXEL 4
#define ROW ((size_t)MTP_CELL_SIDE * PIXEL)
#define CELL (ROW * MTP_CELL_SIDE)

bool cells_init(struct cells *cells)
{
	cells->pixels = malloc(CELL * MTP_CELLS);
	cells_clear(cells);
	return cells->pixels;
}

void cells_finish(struct cells *cells)
{
	free(cells->pixels);
}

void cells_clear(struct cells *cells)
{
	memset(cells->sizes, 0, sizeof(cells->sizes));
}

static unsigned side(unsigned whole, unsigned at)
{
	return whole - at < MTP_CELL_SIDE ? whole - at : MTP_CELL_SIDE;
}

void cells_keep(
    struct cells *cells, const struct mtp_tile *tile, const uint8_t *pixels, size_t stride)
{
	unsigned cell = tile->cell;

	for (unsigned y = 0; y < tile->height; y += MTP_CELL_SIDE)
		for (unsigned x = 0; x < tile->width; x += MTP_CELL_SIDE, cell++) {
			unsigned width = side(tile->width, x), height = side(tile->height, y);
			uint8_t *kept = cells->pixels + cell * CELL;

			for (unsigned i = 0; i < height; i++)
				memcpy(kept + i * ROW,
				    pixels + (y + i) * stride + (size_t)x * PIXEL,
				    (size_t)width * PIXEL);
			cells->sizes[cell].width = (uint8_t)width;
			cells->sizes[cell].height = (uint8_t)height;
		}
}

bool cells_recall(
    const struct cells *cells, const struct mtp_tile *tile, uint8_t *pixels, size_t stride)
{
	unsigned cell = tile->cell;

	for (unsigned y = 0; y < tile->height; y += MTP_CELL_SIDE)
		for (unsigned x = 0; x < tile->width; x += MTP_CELL_SIDE, cell++) {
			unsigned width = side(tile->width, x), height = side(tile->height, y);
			const uint8_t *kept = cells->pixels + cell * CELL;

			if (cells->sizes[cell].width != width ||
			    cells->sizes[cell].height != height)
				return false;
			for (unsigned i = 0; i < height; i++)
				memcpy(pixels + (y + i) * stride + (size_t)x * PIXEL,
				    kept + i * ROW, (size_t)width * PIXEL);
		}
	return true;
}
