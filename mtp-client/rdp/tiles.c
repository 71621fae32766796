/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/rdp/tiles.h"

#include <freerdp/codec/color.h>
#include <freerdp/codec/interleaved.h>
#include <freerdp/codec/planar.h>
#include <stdlib.h>
#include <string.h>

#define TILE_WIDTH 64
#define TILE_HEIGHT 32
#define TILE_ROOM (64 * 64 * 4) /* bytes that an encoder may write */
#define BATCH 32                /* tiles an update */
/* So that an update is one fast-path PDU, whose length has 14 bits (MS-RDPBCGR 2.2.9.1.2). */
#define BATCH_BYTES 15000
#define BITMAP_HEADER 26 /* TS_BITMAP_DATA with its TS_CD_HEADER */
#define FORMAT PIXEL_FORMAT_RGBX32

struct tiles {
	uint32_t width, height, depth;
	uint32_t columns, rows;
	uint8_t *shown; /* whole tiles, so that each can be encoded as one */
	uint8_t *known; /* a byte a tile: does the client show it? */
	BITMAP_PLANAR_CONTEXT *planar;
	BITMAP_INTERLEAVED_CONTEXT *interleaved;
	BITMAP_DATA batch[BATCH];
	unsigned n;
	size_t used;
	uint8_t bytes[BATCH_BYTES + TILE_ROOM];
};

struct tiles *tiles_new(void)
{
	struct tiles *t = calloc(1, sizeof *t);

	if (!t)
		return NULL;
	t->interleaved = bitmap_interleaved_context_new(TRUE);
	if (!t->interleaved) {
		tiles_free(t);
		return NULL;
	}
	return t;
}

void tiles_free(struct tiles *t)
{
	if (!t)
		return;
	freerdp_bitmap_planar_context_free(t->planar);
	bitmap_interleaved_context_free(t->interleaved);
	free(t->shown);
	free(t->known);
	free(t);
}

static size_t stride_of(const struct tiles *t)
{
	return (size_t)t->columns * TILE_WIDTH * PICTURE_BYTES;
}

bool tiles_begin(struct tiles *t, uint32_t width, uint32_t height, uint32_t depth, bool skip_alpha)
{
	if (depth < 15)
		return false;
	freerdp_bitmap_planar_context_free(t->planar);
	t->planar = freerdp_bitmap_planar_context_new(
	    PLANAR_FORMAT_HEADER_RLE | (skip_alpha ? PLANAR_FORMAT_HEADER_NA : 0), TILE_WIDTH,
	    TILE_HEIGHT);
	free(t->shown);
	free(t->known);
	t->width = width;
	t->height = height;
	t->depth = depth;
	t->columns = (width + TILE_WIDTH - 1) / TILE_WIDTH;
	t->rows = (height + TILE_HEIGHT - 1) / TILE_HEIGHT;
	t->shown = calloc((size_t)t->rows * TILE_HEIGHT, stride_of(t));
	t->known = calloc(t->rows, t->columns);
	t->n = 0;
	t->used = 0;
	return t->planar && t->shown && t->known;
}

/* Takes over the part of a row that has changed; false: none has. */
static bool take_row(uint8_t *shown, const uint8_t *now, size_t n)
{
	if (!memcmp(shown, now, n))
		return false;
	memcpy(shown, now, n);
	return true;
}

/* B, G, R and from the bottom up, as it is: FreeRDP's run lengths of 24 bits (3.10) come out wrong.
 */
static uint32_t copy(
    const uint8_t *from, size_t stride, uint32_t width, uint32_t height, uint8_t *to)
{
	uint8_t *end = to;

	for (uint32_t y = height; y-- > 0;)
		for (uint32_t x = 0; x < width; x++, end += 3) {
			const uint8_t *pixel = from + y * stride + (size_t)x * PICTURE_BYTES;

			end[0] = pixel[2];
			end[1] = pixel[1];
			end[2] = pixel[0];
		}
	return (uint32_t)(end - to);
}

static bool encode(struct tiles *t, const uint8_t *from, BITMAP_DATA *bitmap)
{
	uint8_t *to = t->bytes + t->used;
	uint32_t n = TILE_ROOM, width = bitmap->width, height = bitmap->height;
	uint32_t stride = (uint32_t)stride_of(t);
	bool encoded = true;

	if (t->depth == 32)
		encoded = freerdp_bitmap_compress_planar(
		    t->planar, from, FORMAT, width, height, stride, to, &n);
	else if (t->depth == 24)
		n = copy(from, stride, width, height, to);
	else
		encoded = interleaved_compress(t->interleaved, to, &n, width, height, from, FORMAT,
		    stride, 0, 0, NULL, t->depth);
	bitmap->compressed = t->depth != 24;
	bitmap->bitmapDataStream = to;
	bitmap->bitmapLength = bitmap->cbCompMainBodySize = n;
	return encoded && n <= TILE_ROOM;
}

static bool flush(struct tiles *t, rdpContext *client)
{
	const BITMAP_UPDATE update = {.number = t->n, .rectangles = t->batch};
	bool sent = t->n == 0 || client->update->BitmapUpdate(client, &update);

	t->n = 0;
	t->used = 0;
	return sent;
}

static bool add(struct tiles *t, rdpContext *client, uint32_t column, uint32_t row)
{
	uint32_t x = column * TILE_WIDTH, y = row * TILE_HEIGHT;
	uint32_t width = t->width - x < TILE_WIDTH ? t->width - x : TILE_WIDTH;
	uint32_t height = t->height - y < TILE_HEIGHT ? t->height - y : TILE_HEIGHT;
	uint32_t padded = (width + 3) & ~3u; /* as both codecs want it; cut again by destRight */
	uint32_t pixel = (t->depth + 7) / 8;
	BITMAP_DATA bitmap = {.destLeft = x,
	    .destTop = y,
	    .destRight = x + width - 1,
	    .destBottom = y + height - 1,
	    .width = padded,
	    .height = height,
	    .bitsPerPixel = t->depth,
	    .cbScanWidth = padded * pixel,
	    .cbUncompressedSize = padded * height * pixel};

	if (!encode(t, t->shown + y * stride_of(t) + (size_t)x * PICTURE_BYTES, &bitmap))
		return false;
	size_t size = bitmap.bitmapLength + BITMAP_HEADER;

	if (t->used + size > BATCH_BYTES && t->n) {
		/* What is not sent with the others moves to where they were. */
		uint8_t *bytes = bitmap.bitmapDataStream;

		if (!flush(t, client))
			return false;
		memmove(t->bytes, bytes, bitmap.bitmapLength);
		bitmap.bitmapDataStream = t->bytes;
	}
	t->batch[t->n++] = bitmap;
	t->used += size;
	return t->n < BATCH || flush(t, client);
}

static uint32_t min(uint32_t a, uint32_t b)
{
	return a < b ? a : b;
}

/* Has the tile changed? Only what lies in left..right, top..bottom was looked at. */
static bool take_tile(struct tiles *t, const uint8_t *pixels, size_t stride, uint32_t left,
    uint32_t top, uint32_t right, uint32_t bottom)
{
	size_t n = (size_t)(right - left) * PICTURE_BYTES;
	bool changed = false;

	for (uint32_t y = top; y < bottom; y++)
		changed |= take_row(t->shown + y * stride_of(t) + (size_t)left * PICTURE_BYTES,
		    pixels + y * stride + (size_t)left * PICTURE_BYTES, n);
	return changed;
}

bool tiles_send(struct tiles *t, rdpContext *client, const uint8_t *pixels, size_t stride,
    const struct rectangle *area)
{
	uint32_t right = min(area->x + area->width, t->width);
	uint32_t bottom = min(area->y + area->height, t->height);

	for (uint32_t y = area->y; y < bottom;) {
		uint32_t row = y / TILE_HEIGHT, next_y = min((row + 1) * TILE_HEIGHT, bottom);

		for (uint32_t x = area->x; x < right;) {
			uint32_t column = x / TILE_WIDTH,
			         next_x = min((column + 1) * TILE_WIDTH, right);
			uint8_t *known = &t->known[(size_t)row * t->columns + column];

			if ((take_tile(t, pixels, stride, x, y, next_x, next_y) || !*known) &&
			    !add(t, client, column, row))
				return false;
			*known = 1;
			x = next_x;
		}
		y = next_y;
	}
	return flush(t, client);
}
