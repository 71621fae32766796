/* SPDX-License-Identifier: MIT */
#include "mtp-client/core/picture.h"

#include <string.h>

#include "mtp/h264.h"

size_t picture_stride(const struct picture *picture)
{
	return (size_t)picture->width * PICTURE_BYTES;
}

static void put(uint8_t *out, const uint8_t *rgb)
{
	out[0] = rgb[0];
	out[1] = rgb[1];
	out[2] = rgb[2];
	out[3] = 255;
}

bool picture_resize(struct picture *picture, uint32_t width, uint32_t height)
{
	static const uint8_t black[3];

	if (width == 0 || height == 0 || width > picture->capacity / height)
		return false;
	picture->width = width;
	picture->height = height;
	picture->damage = (struct rectangle){.width = width, .height = height};
	for (size_t i = 0; i < (size_t)width * height; i++)
		put(picture->pixels + i * PICTURE_BYTES, black);
	return true;
}

void picture_shown(struct picture *picture)
{
	picture->damage = (struct rectangle){0};
}

static void add_damage(struct picture *picture, const struct mtp_tile *tile)
{
	struct rectangle *damage = &picture->damage;
	uint32_t left = tile->x, right = left + tile->width;
	uint32_t top = tile->y, bottom = top + tile->height;

	if (damage->width) {
		if (damage->x < left)
			left = damage->x;
		if (damage->y < top)
			top = damage->y;
		if (damage->x + damage->width > right)
			right = damage->x + damage->width;
		if (damage->y + damage->height > bottom)
			bottom = damage->y + damage->height;
	}
	*damage = (struct rectangle){left, top, right - left, bottom - top};
}

static uint8_t *pixel(const struct picture *picture, uint32_t x, uint32_t y)
{
	return picture->pixels + ((size_t)y * picture->width + x) * PICTURE_BYTES;
}

static void draw_solid(struct picture *picture, const struct mtp_tile *tile)
{
	for (uint32_t y = 0; y < tile->height; y++) {
		uint8_t *out = pixel(picture, tile->x, tile->y + y);

		for (uint32_t x = 0; x < tile->width; x++)
			put(out + (size_t)x * PICTURE_BYTES, tile->colour);
	}
}

/* Source and target may overlap: rows go in the order that reads each before it is written. */
static void draw_copy(struct picture *picture, const struct mtp_tile *tile)
{
	for (uint32_t i = 0; i < tile->height; i++) {
		uint32_t y = tile->y > tile->source_y ? tile->height - 1u - i : i;

		memmove(pixel(picture, tile->x, tile->y + y),
		    pixel(picture, tile->source_x, tile->source_y + y),
		    (size_t)tile->width * PICTURE_BYTES);
	}
}

static void draw_palette(struct picture *picture, const struct mtp_tile *tile)
{
	static const uint8_t black[3];
	unsigned bits = mtp_palette_bits(tile->palette_size), mask = (1u << bits) - 1;
	size_t row = ((size_t)tile->width * bits + 7) / 8;

	for (uint32_t y = 0; y < tile->height; y++) {
		const uint8_t *packed = picture->scratch + row * y;
		uint8_t *out = pixel(picture, tile->x, tile->y + y);

		for (uint32_t x = 0; x < tile->width; x++) {
			uint32_t at = x * bits;
			unsigned index = packed[at / 8] >> (8 - bits - at % 8) & mask;

			put(out + (size_t)x * PICTURE_BYTES,
			    index < tile->palette_size ? tile->palette + (size_t)index * 3 : black);
		}
	}
}

static void draw_raw(struct picture *picture, const struct mtp_tile *tile)
{
	const uint8_t *rgb = picture->scratch;

	for (uint32_t y = 0; y < tile->height; y++) {
		uint8_t *out = pixel(picture, tile->x, tile->y + y);

		for (uint32_t x = 0; x < tile->width; x++, rgb += 3)
			put(out + (size_t)x * PICTURE_BYTES, rgb);
	}
}

/* The blocks that the tile shows; the decoder has seen the others too. */
void picture_draw_video(
    struct picture *picture, const struct mtp_tile *tile, const struct mtp_i420 *decoded)
{
	for (unsigned y = 0; y < tile->height; y += MTP_VIDEO_BLOCK)
		for (unsigned x = 0; x < tile->width; x += MTP_VIDEO_BLOCK) {
			unsigned width = tile->width - x, height = tile->height - y;
			unsigned column = x / MTP_VIDEO_BLOCK, row = y / MTP_VIDEO_BLOCK;

			if (!mtp_video_shows(tile, column, row))
				continue;
			mtp_i420_get(decoded, x, y,
			    width < MTP_VIDEO_BLOCK ? width : MTP_VIDEO_BLOCK,
			    height < MTP_VIDEO_BLOCK ? height : MTP_VIDEO_BLOCK,
			    mtp_video_sides(tile, column, row),
			    pixel(picture, tile->x + x, tile->y + y), picture_stride(picture));
		}
	add_damage(picture, tile);
}

/* A stream has one size from its key unit on. */
static enum mtp_decode decode_video(struct picture *picture, const struct mtp_codecs *codecs,
    const struct mtp_tile *tile, struct mtp_i420 *decoded)
{
	bool key = tile->flags & MTP_VIDEO_KEY;

	if (!codecs->h264_decode ||
	    !mtp_h264_is_valid(tile->data, tile->size, key, tile->width, tile->height))
		return MTP_DECODE_FAILED;
	if (!key && (tile->width != picture->video_width || tile->height != picture->video_height))
		return MTP_DECODE_FAILED;
	picture->video_width = tile->width;
	picture->video_height = tile->height;
	return codecs->h264_decode(
	    codecs->context, key, tile->width, tile->height, tile->data, tile->size, decoded);
}

/* What is valid has at most MTP_MAX_TILE pixels of at most 3 bytes: it fits the scratch. */
static bool decompress(
    struct picture *picture, const struct mtp_codecs *codecs, const struct mtp_tile *tile)
{
	size_t size = mtp_tile_raw_size(tile);

	return size <= PICTURE_SCRATCH && codecs->zstd_decompress(codecs->context, picture->scratch,
	                                      size, tile->data, tile->size);
}

/* What is out of step shows nothing until the host begins anew. False: malformed. */
static bool draw_drawn(struct picture *picture, const struct mtp_tile *tile)
{
	const struct drawn_target target = {picture->pixels, picture->width, picture->height};
	const struct drawn_area area = {tile->x, tile->y, tile->width, tile->height};

	if (picture->out_of_step && !drawn_is_reset(tile->data, tile->size))
		return true;

	enum drawn_result result =
	    drawn_decode(picture->drawn, &target, area, tile->data, tile->size);

	picture->out_of_step = result == DRAWN_OUT_OF_STEP;
	return result != DRAWN_MALFORMED;
}

/* False: it is broken. */
static bool draw_h264(struct picture *picture, const struct mtp_codecs *codecs,
    const struct mtp_tile *tile, bool *later)
{
	struct mtp_i420 decoded;
	enum mtp_decode result = decode_video(picture, codecs, tile, &decoded);

	if (result == MTP_DECODE_DONE)
		picture_draw_video(picture, tile, &decoded);
	*later = result == MTP_DECODE_LATER;
	return result != MTP_DECODE_FAILED;
}

const char *picture_draw(struct picture *picture, const struct mtp_codecs *codecs,
    const struct mtp_tile *tile, bool *later)
{
	*later = false;

	switch (tile->kind) {
	case MTP_TILE_SOLID:
		draw_solid(picture, tile);
		break;
	case MTP_TILE_COPY:
		draw_copy(picture, tile);
		break;
	case MTP_TILE_PALETTE:
		if (!decompress(picture, codecs, tile))
			return "a palette tile does not decompress to its size";
		draw_palette(picture, tile);
		break;
	case MTP_TILE_ZSTD:
		if (!decompress(picture, codecs, tile))
			return "a zstd tile does not decompress to its size";
		draw_raw(picture, tile);
		break;
	case MTP_TILE_KEEP:
		cells_keep(&picture->cells, tile, pixel(picture, tile->x, tile->y),
		    picture_stride(picture));
		return NULL;
	case MTP_TILE_RECALL:
		if (!cells_recall(&picture->cells, tile, pixel(picture, tile->x, tile->y),
		        picture_stride(picture)))
			return "a tile recalls what was not kept in that size";
		break;
	case MTP_TILE_JPEG:
		if (!codecs->jpeg_decode(codecs->context, pixel(picture, tile->x, tile->y),
		        picture_stride(picture), tile->width, tile->height, tile->data, tile->size))
			return "a JPEG tile does not decode to its size";
		break;
	case MTP_TILE_DRAWN:
		if (!draw_drawn(picture, tile))
			return "a drawn tile begins with flags that it cannot have";
		break;
	case MTP_TILE_H264:
		if (!draw_h264(picture, codecs, tile, later))
			return "an H264 tile does not decode to its size";
		return NULL;
	default:
		return "a tile is of a kind that was not asked for";
	}
	add_damage(picture, tile);
	return NULL;
}
