/* SPDX-License-Identifier: MIT */
#include "mtp/tile.h"

#include "mtp/i420.h"

unsigned mtp_palette_bits(unsigned palette_size)
{
	return palette_size <= 2 ? 1 : palette_size <= 4 ? 2 : palette_size <= 16 ? 4 : 8;
}

size_t mtp_tile_raw_size(const struct mtp_tile *tile)
{
	switch (tile->kind) {
	case MTP_TILE_PALETTE:
		return ((size_t)tile->width * mtp_palette_bits(tile->palette_size) + 7) / 8 *
		       tile->height;
	case MTP_TILE_ZSTD:
		return (size_t)tile->width * tile->height * 3;
	default:
		return 0;
	}
}

static unsigned blocks_of(unsigned pixels)
{
	return (pixels + MTP_VIDEO_BLOCK - 1) / MTP_VIDEO_BLOCK;
}

size_t mtp_video_mask_size(const struct mtp_tile *tile)
{
	return ((size_t)blocks_of(tile->width) * blocks_of(tile->height) + 7) / 8;
}

bool mtp_video_shows(const struct mtp_tile *tile, unsigned column, unsigned row)
{
	size_t bit = (size_t)row * blocks_of(tile->width) + column;

	if (column >= blocks_of(tile->width) || row >= blocks_of(tile->height))
		return false;
	return !(tile->flags & MTP_VIDEO_MASK) || (tile->mask[bit / 8] >> (7 - bit % 8) & 1);
}

unsigned mtp_video_sides(const struct mtp_tile *tile, unsigned column, unsigned row)
{
	/* Left of the first and above it is UINT_MAX: not shown. */
	return (mtp_video_shows(tile, column - 1, row) ? MTP_I420_LEFT : 0u) |
	       (mtp_video_shows(tile, column + 1, row) ? MTP_I420_RIGHT : 0u) |
	       (mtp_video_shows(tile, column, row - 1) ? MTP_I420_ABOVE : 0u) |
	       (mtp_video_shows(tile, column, row + 1) ? MTP_I420_BELOW : 0u);
}

/* An empty rectangle is not on any screen. */
static bool is_inside(
    uint32_t x, uint32_t y, uint32_t w, uint32_t h, uint32_t width, uint32_t height)
{
	return w && h && x + w <= width && y + h <= height;
}

unsigned mtp_tile_cells(const struct mtp_tile *t)
{
	return (t->width + MTP_CELL_SIDE - 1) / MTP_CELL_SIDE *
	       ((t->height + MTP_CELL_SIDE - 1) / MTP_CELL_SIDE);
}

bool mtp_tile_is_valid(const struct mtp_tile *t, uint16_t width, uint16_t height)
{
	if (!is_inside(t->x, t->y, t->width, t->height, width, height))
		return false;
	switch (t->kind) {
	case MTP_TILE_SOLID:
		return true;
	case MTP_TILE_DRAWN:
		return t->size <= MTP_MAX_TO_CLIENT;
	case MTP_TILE_COPY:
		return is_inside(t->source_x, t->source_y, t->width, t->height, width, height);
	case MTP_TILE_KEEP:
	case MTP_TILE_RECALL:
		return t->cell + mtp_tile_cells(t) <= MTP_CELLS;
	case MTP_TILE_PALETTE:
		if (t->palette_size < 1 || t->palette_size > 256)
			return false;
		break;
	case MTP_TILE_ZSTD:
	case MTP_TILE_JPEG:
		break;
	case MTP_TILE_H264:
		return !(t->width % 2 || t->height % 2) && t->size && t->size <= MTP_MAX_TO_CLIENT;
	default:
		return false;
	}
	return (uint32_t)t->width * t->height <= MTP_MAX_TILE && t->size <= MTP_MAX_TO_CLIENT;
}

void mtp_tile_write(const struct mtp_tile *t, uint16_t width, uint16_t height, struct mtp_writer *w)
{
	if (!mtp_tile_is_valid(t, width, height)) {
		w->failed = true;
		return;
	}
	mtp_write_u8(w, t->kind);
	mtp_write_u16(w, t->x);
	mtp_write_u16(w, t->y);
	mtp_write_u16(w, t->width);
	mtp_write_u16(w, t->height);
	switch (t->kind) {
	case MTP_TILE_SOLID:
		mtp_write_bytes(w, t->colour, sizeof t->colour);
		return;
	case MTP_TILE_COPY:
		mtp_write_u16(w, t->source_x);
		mtp_write_u16(w, t->source_y);
		return;
	case MTP_TILE_KEEP:
	case MTP_TILE_RECALL:
		mtp_write_u16(w, t->cell);
		return;
	case MTP_TILE_PALETTE:
		mtp_write_u8(w, (uint8_t)(t->palette_size - 1));
		mtp_write_bytes(w, t->palette, t->palette_size * 3);
		break;
	case MTP_TILE_H264:
		mtp_write_u8(w, t->flags);
		if (t->flags & MTP_VIDEO_MASK)
			mtp_write_bytes(w, t->mask, mtp_video_mask_size(t));
		break;
	}
	mtp_write_u32(w, (uint32_t)t->size);
	mtp_write_bytes(w, t->data, t->size);
}

static void read_tile(struct mtp_reader *r, struct mtp_tile *t)
{
	*t = (struct mtp_tile){.kind = mtp_read_u8(r)};
	t->x = mtp_read_u16(r);
	t->y = mtp_read_u16(r);
	t->width = mtp_read_u16(r);
	t->height = mtp_read_u16(r);
	switch (t->kind) {
	case MTP_TILE_SOLID: {
		const uint8_t *colour = mtp_read_bytes(r, sizeof t->colour);
		if (colour)
			memcpy(t->colour, colour, sizeof t->colour);
		return;
	}
	case MTP_TILE_COPY:
		t->source_x = mtp_read_u16(r);
		t->source_y = mtp_read_u16(r);
		return;
	case MTP_TILE_KEEP:
	case MTP_TILE_RECALL:
		t->cell = mtp_read_u16(r);
		return;
	case MTP_TILE_PALETTE:
		t->palette_size = mtp_read_u8(r) + 1u;
		t->palette = mtp_read_bytes(r, t->palette_size * 3);
		break;
	case MTP_TILE_H264:
		t->flags = mtp_read_u8(r);
		if (t->flags & MTP_VIDEO_MASK)
			t->mask = mtp_read_bytes(r, mtp_video_mask_size(t));
		break;
	}
	t->size = mtp_read_u32(r);
	t->data = mtp_read_bytes(r, t->size);
}

void mtp_tiles_init(
    struct mtp_tiles *tiles, const struct mtp_update *update, uint16_t width, uint16_t height)
{
	*tiles = (struct mtp_tiles){
	    .reader = mtp_reader_of(update->tiles.bytes, update->tiles.size),
	    .width = width,
	    .height = height,
	    .left = update->count,
	    .budget = (uint64_t)width * height * MTP_MAX_OVERDRAW,
	};
}

enum mtp_result mtp_tiles_next(struct mtp_tiles *tiles, struct mtp_tile *tile)
{
	if (tiles->reader.failed)
		return MTP_MALFORMED;
	if (!tiles->left)
		return MTP_AGAIN;
	tiles->left--;
	read_tile(&tiles->reader, tile);
	uint64_t pixels = (uint64_t)tile->width * tile->height;
	if (tiles->reader.failed || !mtp_tile_is_valid(tile, tiles->width, tiles->height) ||
	    pixels > tiles->budget) {
		tiles->reader.failed = true;
		return MTP_MALFORMED;
	}
	tiles->budget -= pixels;
	return MTP_OK;
}
