/* SPDX-License-Identifier: MIT */
/*
 * Tiles: the pieces of an UPDATE (PROTOCOL.md, "Tiles"). Only headers and bounds; pixels are the
 * codecs' business. No memory is allocated.
 */
#pragma once

#include "mtp/messages.h"

#define MTP_MAX_TILE 65536u /* pixels of a PALETTE, ZSTD or JPEG tile */
/* Cells that a client keeps pixels in, of at most so many pixels a side: 4 MiB of 32-bit pixels. */
#define MTP_CELLS 1024u
#define MTP_CELL_SIDE 32u
/* Pixels of all tiles of one update together, in screens: what a server can make a client do. */
#define MTP_MAX_OVERDRAW 4u
/* Side of the squares that a H264 tile shows or leaves alone, in pixels. */
#define MTP_VIDEO_BLOCK 32u

enum mtp_tile_kind { /* the bit of a codec in HELLO and WELCOME is 1 << kind */
	MTP_TILE_SOLID,
	MTP_TILE_COPY,
	MTP_TILE_PALETTE,
	MTP_TILE_ZSTD,
	MTP_TILE_JPEG,
	MTP_TILE_KEEP,
	MTP_TILE_RECALL,
	MTP_TILE_DRAWN, /* mtp/drawn.h */
	MTP_TILE_H264,
	MTP_TILE_KINDS,
};

enum mtp_video_flag {
	MTP_VIDEO_KEY = 1,  /* a stream begins: nothing before is referred to */
	MTP_VIDEO_MASK = 2, /* not all blocks are shown */
};

struct mtp_tile {
	uint8_t kind;
	uint16_t x, y, width, height;
	uint8_t colour[3];           /* SOLID: red, green, blue */
	uint16_t source_x, source_y; /* COPY */
	uint16_t cell;               /* KEEP, RECALL: the first */
	unsigned palette_size;       /* PALETTE: 1..256 */
	const uint8_t *palette;      /* PALETTE: 3 bytes a colour; borrowed */
	uint8_t flags;               /* H264: enum mtp_video_flag */
	const uint8_t *mask; /* H264, with MTP_VIDEO_MASK: mtp_video_mask_size(); borrowed */
	const uint8_t *data; /* PALETTE, ZSTD, JPEG, DRAWN, H264; borrowed */
	size_t size;         /* of data */
};

/* Bits of one packed index: 1, 2, 4 or 8. */
unsigned mtp_palette_bits(unsigned palette_size);
/* Bytes of the mask: a bit a block, row by row, most significant first; the last are padded. */
size_t mtp_video_mask_size(const struct mtp_tile *tile);
/* Is the block shown, by column and row from the tile's corner? */
bool mtp_video_shows(const struct mtp_tile *tile, unsigned column, unsigned row);
/* On which of its sides (enum mtp_i420_side) a square that is shown has neighbours that are too. */
unsigned mtp_video_sides(const struct mtp_tile *tile, unsigned column, unsigned row);
/* What a PALETTE or ZSTD tile's data decompresses to, exactly; 0 for the other kinds. */
size_t mtp_tile_raw_size(const struct mtp_tile *tile);
/* Cells that a KEEP or RECALL tile of this size takes, beginning with its first. */
unsigned mtp_tile_cells(const struct mtp_tile *tile);
/* Is every number within its bound, and every rectangle on a screen of this size? */
bool mtp_tile_is_valid(const struct mtp_tile *tile, uint16_t width, uint16_t height);

/* An invalid tile fails the writer. */
void mtp_tile_write(
    const struct mtp_tile *tile, uint16_t width, uint16_t height, struct mtp_writer *w);

/* The tiles of one update, in order. */
struct mtp_tiles {
	struct mtp_reader reader;
	uint16_t width, height; /* of the screen */
	unsigned left;          /* tiles */
	uint64_t budget;        /* pixels */
};

/* Borrows the update's bytes. */
void mtp_tiles_init(
    struct mtp_tiles *tiles, const struct mtp_update *update, uint16_t width, uint16_t height);
/* MTP_OK with a valid tile, MTP_AGAIN after the last, MTP_MALFORMED. */
enum mtp_result mtp_tiles_next(struct mtp_tiles *tiles, struct mtp_tile *tile);
