/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/video_stream.h"

#include <glib.h>
#include <string.h>

#include "mtp-server/video.h"
#include "mtp-server/video_encoder.h"

#define GREY 128

void video_stop(struct video *v)
{
	video_encoder_free(v->encoder);
	v->encoder = NULL;
	g_clear_pointer(&v->memory, g_free);
	g_clear_pointer(&v->mask, g_free);
	g_clear_pointer(&v->refined, g_free);
}

bool video_start(struct video *v, struct rectangle area)
{
	if (v->encoder && rectangle_is_same(v->area, area))
		return true;
	video_stop(v);
	v->encoder = video_encoder_new(area.width, area.height);
	if (!v->encoder)
		return false;
	v->area = area;
	v->key = true;
	/* Grey where nothing has been shown by this stream: it costs next to no bits. */
	size_t size = mtp_i420_size(area.width, area.height);
	v->memory = g_malloc(2 * size);
	memset(v->memory, GREY, 2 * size);
	v->input = mtp_i420_of(v->memory, area.width, area.height);
	v->decoded = mtp_i420_of(v->memory + size, area.width, area.height);
	struct mtp_tile tile = {.width = (uint16_t)area.width, .height = (uint16_t)area.height};
	v->mask_size = mtp_video_mask_size(&tile);
	v->mask = g_malloc0(v->mask_size);
	v->refined =
	    g_new0(struct refined, (size_t)video_blocks(area.width) * video_blocks(area.height));
	return true;
}

struct mtp_tile video_tile(const struct video *v, bool all)
{
	return (struct mtp_tile){.kind = MTP_TILE_H264,
	    .x = (uint16_t)v->area.x,
	    .y = (uint16_t)v->area.y,
	    .width = (uint16_t)v->area.width,
	    .height = (uint16_t)v->area.height,
	    .flags = (uint8_t)((v->key ? MTP_VIDEO_KEY : 0) | (all ? 0 : MTP_VIDEO_MASK)),
	    .mask = v->mask};
}

struct refined *video_refined(struct video *v, unsigned column, unsigned row)
{
	return &v->refined[row * video_blocks(v->area.width) + column];
}

void video_show(struct video *v, unsigned column, unsigned row)
{
	size_t bit = (size_t)row * video_blocks(v->area.width) + column;
	v->mask[bit / 8] |= (uint8_t)(128 >> bit % 8);
}

struct rectangle video_pixels(const struct video *v, unsigned column, unsigned row)
{
	struct rectangle block = {
	    v->area.x + column * BLOCK, v->area.y + row * BLOCK, BLOCK, BLOCK};
	return rectangle_intersection(block, v->area);
}

void video_take(struct video *v, const struct picture *picture, unsigned column, unsigned row)
{
	struct rectangle r = video_pixels(v, column, row);
	mtp_i420_put(&v->input, r.x - v->area.x, r.y - v->area.y, r.width, r.height,
	    picture_at(picture, r.x, r.y), picture->width);
}

bool video_encode_tile(struct video *v, const struct picture *picture, struct mtp_tile *tile,
    unsigned qp, struct mtp_writer *w)
{
	struct mtp_writer before = *w;
	tile->data = video_encode(v->encoder, &v->input, qp, &tile->size);
	if (tile->data)
		mtp_tile_write(tile, (uint16_t)picture->width, (uint16_t)picture->height, w);
	v->key = false;
	if (tile->data && !w->failed)
		return true;
	*w = before;
	video_stop(v);
	return false;
}
