/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/video.h"

#include <glib.h>
#include <string.h>

#include "mtp-server/video_area.h"
#include "mtp-server/video_encoder.h"

/* Blocks: fewer are better off as tiles, exact, while the area is still. */
#define BLOCKS_MIN 4
#define GREY 128

struct video {
	struct video_encoder *encoder; /* NULL: no stream */
	struct rectangle area;
	uint8_t *memory; /* of input */
	struct mtp_i420 input;
	bool key; /* the next access unit begins the stream */
	uint8_t *mask;
	size_t mask_size;
};

bool video_is_possible(void)
{
	return video_encoder_is_there();
}

struct video *video_new(void)
{
	return g_new0(struct video, 1);
}

void video_free(struct video *v)
{
	if (!v)
		return;
	video_stop(v);
	g_free(v);
}

void video_stop(struct video *v)
{
	video_encoder_free(v->encoder);
	v->encoder = NULL;
	g_clear_pointer(&v->memory, g_free);
	g_clear_pointer(&v->mask, g_free);
}

static bool is_same(struct rectangle a, struct rectangle b)
{
	return a.x == b.x && a.y == b.y && a.width == b.width && a.height == b.height;
}

static bool start(struct video *v, struct rectangle area)
{
	if (v->encoder && is_same(v->area, area))
		return true;
	video_stop(v);
	v->encoder = video_encoder_new(area.width, area.height);
	if (!v->encoder)
		return false;
	v->area = area;
	v->key = true;
	/* Grey where nothing has been shown by this stream: it costs next to no bits. */
	size_t size = mtp_i420_size(area.width, area.height);
	v->memory = g_malloc(size);
	memset(v->memory, GREY, size);
	v->input = mtp_i420_of(v->memory, area.width, area.height);
	struct mtp_tile tile = {.width = (uint16_t)area.width, .height = (uint16_t)area.height};
	v->mask_size = mtp_video_mask_size(&tile);
	v->mask = g_malloc(v->mask_size);
	return true;
}

static unsigned blocks_of(unsigned pixels)
{
	return (pixels + BLOCK - 1) / BLOCK;
}

/* The blocks of this update, in the mask; returns how many. */
static unsigned choose(struct video *v, const struct picture *picture, const struct block_set *owed)
{
	unsigned columns = blocks_of(v->area.width), rows = blocks_of(v->area.height), count = 0;
	unsigned left = v->area.x / BLOCK, top = v->area.y / BLOCK;
	memset(v->mask, 0, v->mask_size);
	for (unsigned row = 0; row < rows; row++)
		for (unsigned column = 0; column < columns; column++) {
			if (!block_set_has(owed, left + column, top + row) ||
			    video_content(picture, left + column, top + row) == VIDEO_DRAWN)
				continue;
			size_t bit = (size_t)row * columns + column;
			v->mask[bit / 8] |= (uint8_t)(128 >> bit % 8);
			count++;
		}
	return count;
}

/* The blocks of the mask: to the encoder's input, from `owed` to `rough`. */
static void take(struct video *v, const struct picture *picture, const struct mtp_tile *tile,
    struct block_set *owed, struct block_set *rough)
{
	unsigned left = v->area.x / BLOCK, top = v->area.y / BLOCK;
	for (unsigned row = 0; row < blocks_of(tile->height); row++)
		for (unsigned column = 0; column < blocks_of(tile->width); column++) {
			if (!mtp_video_shows(tile, column, row))
				continue;
			struct rectangle r = block_set_pixels(owed, left + column, top + row, 1, 1);
			mtp_i420_put(&v->input, r.x - v->area.x, r.y - v->area.y, r.width, r.height,
			    picture_at(picture, r.x, r.y), picture->width);
			block_set_remove(owed, left + column, top + row);
			block_set_add(rough, left + column, top + row);
		}
}

unsigned video_write(struct video *v, const struct picture *picture, struct block_set *owed,
    struct block_set *rough, struct mtp_writer *w)
{
	struct rectangle area = picture->moving;
	if (!owed->count || rectangle_is_empty(area) || !start(v, area))
		return 0;
	unsigned count = choose(v, picture, owed);
	if (count < BLOCKS_MIN)
		return 0;
	bool all = count == blocks_of(area.width) * blocks_of(area.height);
	struct mtp_tile tile = {.kind = MTP_TILE_H264,
	    .x = (uint16_t)area.x,
	    .y = (uint16_t)area.y,
	    .width = (uint16_t)area.width,
	    .height = (uint16_t)area.height,
	    .flags = (uint8_t)((v->key ? MTP_VIDEO_KEY : 0) | (all ? 0 : MTP_VIDEO_MASK)),
	    .mask = v->mask};
	struct mtp_writer before = *w;
	take(v, picture, &tile, owed, rough);
	tile.data = video_encode(v->encoder, &v->input, &tile.size);
	if (tile.data)
		mtp_tile_write(&tile, (uint16_t)picture->width, (uint16_t)picture->height, w);
	v->key = false;
	if (tile.data && !w->failed)
		return 1;
	/* Too large, or the encoder gave up: what was taken is owed again, and goes as tiles. */
	*w = before;
	video_stop(v);
	block_set_add_rectangle(owed, area);
	return 0;
}
