/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/video.h"

#include <glib.h>
#include <string.h>

#include "mtp-server/tile_encoder.h"
#include "mtp-server/video_area.h"
#include "mtp-server/video_encoder.h"
#include "mtp-server/video_quality.h"

/* Blocks: fewer are better off as tiles, exact, while the area is still. */
#define BLOCKS_MIN 4
#define GREY 128
/* Quantisers of the pictures that refine a block, one after the other: smooth photographs are fine
 * after the first, grass and leaves after the last; what is not goes exactly. */
static const uint8_t steps[] = {16, 13, 10};
#define STEPS G_N_ELEMENTS(steps)
#define BLOCK_BYTES 150 /* that refining a block takes, before it is known */

struct refined {
	uint8_t steps;  /* that the block has been through since it changed */
	uint32_t error; /* after the last of them (video_quality.h) */
};

struct video {
	struct video_encoder *encoder; /* NULL: no stream */
	struct rectangle area;
	uint8_t *memory; /* of input */
	struct mtp_i420 input, decoded;
	bool key; /* the next access unit begins the stream */
	uint8_t *mask;
	size_t mask_size;
	struct refined *refined; /* of the area */
	unsigned block_took;     /* bytes, when something was refined last */
};

bool video_is_possible(void)
{
	return video_encoder_is_there();
}

struct video *video_new(void)
{
	struct video *v = g_new0(struct video, 1);
	v->block_took = BLOCK_BYTES;
	return v;
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
	g_clear_pointer(&v->refined, g_free);
}

static unsigned blocks_of(unsigned pixels)
{
	return (pixels + BLOCK - 1) / BLOCK;
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
	v->memory = g_malloc(2 * size);
	memset(v->memory, GREY, 2 * size);
	v->input = mtp_i420_of(v->memory, area.width, area.height);
	v->decoded = mtp_i420_of(v->memory + size, area.width, area.height);
	struct mtp_tile tile = {.width = (uint16_t)area.width, .height = (uint16_t)area.height};
	v->mask_size = mtp_video_mask_size(&tile);
	v->mask = g_malloc0(v->mask_size);
	v->refined = g_new0(struct refined, (size_t)blocks_of(area.width) * blocks_of(area.height));
	return true;
}

/* --- the mask: blocks of the area, by column and row in it --- */

static struct mtp_tile tile_of(const struct video *v, bool all)
{
	return (struct mtp_tile){.kind = MTP_TILE_H264,
	    .x = (uint16_t)v->area.x,
	    .y = (uint16_t)v->area.y,
	    .width = (uint16_t)v->area.width,
	    .height = (uint16_t)v->area.height,
	    .flags = (uint8_t)((v->key ? MTP_VIDEO_KEY : 0) | (all ? 0 : MTP_VIDEO_MASK)),
	    .mask = v->mask};
}

static struct refined *refined_at(struct video *v, unsigned column, unsigned row)
{
	return &v->refined[row * blocks_of(v->area.width) + column];
}

static void show(struct video *v, unsigned column, unsigned row)
{
	size_t bit = (size_t)row * blocks_of(v->area.width) + column;
	v->mask[bit / 8] |= (uint8_t)(128 >> bit % 8);
}

static struct rectangle pixels_of(const struct video *v, unsigned column, unsigned row)
{
	struct rectangle block = {
	    v->area.x + column * BLOCK, v->area.y + row * BLOCK, BLOCK, BLOCK};
	return rectangle_intersection(block, v->area);
}

/* The block's pixels become the encoder's. */
static void take(struct video *v, const struct picture *picture, unsigned column, unsigned row)
{
	struct rectangle r = pixels_of(v, column, row);
	mtp_i420_put(&v->input, r.x - v->area.x, r.y - v->area.y, r.width, r.height,
	    picture_at(picture, r.x, r.y), picture->width);
}

#define EACH_SHOWN(v, tile, column, row)                                                           \
	for (unsigned row = 0; row < blocks_of((v)->area.height); row++)                           \
		for (unsigned column = 0; column < blocks_of((v)->area.width); column++)           \
			if (mtp_video_shows(tile, column, row))

/* Encodes the input and writes it as a tile; false when nothing came of it. */
static bool encode(struct video *v, const struct picture *picture, struct mtp_tile *tile,
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

/* --- in motion --- */

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
			show(v, column, row);
			count++;
		}
	return count;
}

unsigned video_write(struct video *v, const struct picture *picture, struct block_set *owed,
    struct fidelity *shown, struct mtp_writer *w)
{
	struct rectangle area = picture->moving;
	if (!owed->count || rectangle_is_empty(area) || !start(v, area))
		return 0;
	unsigned count = choose(v, picture, owed);
	if (count < BLOCKS_MIN)
		return 0;
	struct mtp_tile tile = tile_of(v, count == blocks_of(area.width) * blocks_of(area.height));
	EACH_SHOWN(v, &tile, column, row)
	{
		take(v, picture, column, row);
		struct rectangle r = pixels_of(v, column, row);
		block_set_remove_within(owed, r);
		fidelity_poor(shown, r);
	}
	if (encode(v, picture, &tile, VIDEO_QP_AUTO, w))
		return 1;
	/* Too large, or the encoder gave up: what was taken is owed again, and goes as tiles. */
	block_set_add_rectangle(owed, area);
	return 0;
}

/* --- once it is quiet --- */

void video_changed(struct video *v, const struct block_set *damage)
{
	if (!v->encoder)
		return;
	unsigned left = v->area.x / BLOCK, top = v->area.y / BLOCK;
	for (unsigned row = 0; row < blocks_of(v->area.height); row++)
		for (unsigned column = 0; column < blocks_of(v->area.width); column++)
			if (block_set_has(damage, left + column, top + row))
				refined_at(v, column, row)->steps = 0;
}

/* An area that holds all of `poor`: the stream's own, if that does. */
static bool start_around(
    struct video *v, const struct picture *picture, const struct block_set *poor)
{
	struct rectangle around = block_set_bounds(poor);
	if (v->encoder && is_same(rectangle_intersection(around, v->area), around))
		return true;
	if (v->encoder)
		around = rectangle_union(around, v->area);
	around = video_area_of(picture, around);
	return !rectangle_is_empty(around) && start(v, around);
}

/* How far from the middle of the area a block is, in blocks. */
static unsigned distance(const struct video *v, unsigned column, unsigned row)
{
	int x = 2 * (int)column + 1 - (int)blocks_of(v->area.width);
	int y = 2 * (int)row + 1 - (int)blocks_of(v->area.height);
	return (unsigned)MAX(ABS(x), ABS(y)) / 2;
}

#define DISTANCES 256 /* a screen's side is at most that many blocks */

/* Blocks of `poor` in the area that have been through `step` steps, up to that distance, in the
 * mask; how many. */
static unsigned choose_poor(struct video *v, const struct block_set *poor, unsigned step,
    unsigned most, unsigned counts[DISTANCES])
{
	unsigned left = v->area.x / BLOCK, top = v->area.y / BLOCK, count = 0;
	memset(v->mask, 0, v->mask_size);
	memset(counts, 0, DISTANCES * sizeof *counts);
	for (unsigned row = 0; row < blocks_of(v->area.height); row++)
		for (unsigned column = 0; column < blocks_of(v->area.width); column++) {
			unsigned far = distance(v, column, row);
			if (!block_set_has(poor, left + column, top + row) ||
			    refined_at(v, column, row)->steps != step || far > most)
				continue;
			counts[far]++;
			count++;
			show(v, column, row);
		}
	return count;
}

/* The blocks that are next, about as many as fit `limit` bytes; STEPS: there are none. */
static unsigned choose_step(struct video *v, const struct block_set *poor, size_t limit)
{
	unsigned counts[DISTANCES], step = 0, far = 0;
	while (step < STEPS && !choose_poor(v, poor, step, DISTANCES - 1, counts))
		step++;
	size_t bytes = 0;
	for (; far < DISTANCES - 1 && bytes < limit; far++)
		bytes += (size_t)counts[far] * v->block_took;
	if (step < STEPS)
		choose_poor(v, poor, step, far, counts);
	return step;
}

/* Blocks that have anything drawn in them, or are through all steps, stay in `poor`; the others are
 * ours. */
static void leave_others(
    struct video *v, const struct picture *picture, struct block_set *poor, struct block_set *ours)
{
	unsigned left = v->area.x / BLOCK, top = v->area.y / BLOCK;
	for (unsigned row = 0; row < blocks_of(v->area.height); row++)
		for (unsigned column = 0; column < blocks_of(v->area.width); column++) {
			unsigned x = left + column, y = top + row;
			if (!block_set_has(poor, x, y) ||
			    refined_at(v, column, row)->steps == STEPS ||
			    video_content(picture, x, y) == VIDEO_DRAWN ||
			    video_has_text(picture, x, y) ||
			    tile_is_gradient(picture, pixels_of(v, column, row)))
				continue;
			block_set_add(ours, x, y);
			block_set_remove(poor, x, y);
		}
}

static uint32_t error_of(const struct video *v, const struct picture *picture,
    const struct mtp_tile *tile, unsigned column, unsigned row)
{
	struct rectangle r = pixels_of(v, column, row);
	return video_quality_error(&v->decoded, r.x - v->area.x, r.y - v->area.y, r.width, r.height,
	    mtp_video_sides(tile, column, row), picture_at(picture, r.x, r.y), picture->width);
}

/* Is a sum of errors over so many pixels at most so many hundredths a sample? */
static bool is_within(uint64_t error, uint64_t pixels, unsigned most)
{
	return error * 100 <= pixels * VIDEO_SAMPLES * most;
}

/* What is decoded already costs nothing: only blocks that it does not do for are new to the
 * encoder. */
static void take_poor(struct video *v, const struct picture *picture, const struct mtp_tile *tile)
{
	if (!v->key)
		memcpy(v->input.planes[0], v->decoded.planes[0],
		    mtp_i420_size(v->area.width, v->area.height));
	EACH_SHOWN(v, tile, column, row)
	if (v->key ||
	    !is_within(error_of(v, picture, tile, column, row), BLOCK * BLOCK, VIDEO_ERROR_FINE))
		take(v, picture, column, row);
}

static void measure(struct video *v, const struct picture *picture, const struct mtp_tile *tile)
{
	EACH_SHOWN(v, tile, column, row)
	{
		struct refined *refined = refined_at(v, column, row);
		refined->steps++;
		refined->error = error_of(v, picture, tile, column, row);
	}
}

/* The blocks that have been refined: are those together fine that have an error of at most so many
 * hundredths, with the others exact? */
static bool are_fine(struct video *v, const struct fidelity *shown, unsigned most)
{
	unsigned left = v->area.x / BLOCK, top = v->area.y / BLOCK;
	uint64_t error = 0, pixels = 0;
	for (unsigned row = 0; row < blocks_of(v->area.height); row++)
		for (unsigned column = 0; column < blocks_of(v->area.width); column++) {
			const struct refined *refined = refined_at(v, column, row);
			if (!refined->steps ||
			    !block_set_has(&shown->rough, left + column, top + row))
				continue;
			struct rectangle r = pixels_of(v, column, row);
			size_t area = (size_t)r.width * r.height;
			pixels += area;
			error += is_within(refined->error, area, most) ? refined->error : 0;
		}
	return is_within(error, pixels, VIDEO_ERROR_FINE);
}

/* All steps done for all of them? */
static bool is_last(struct video *v, const struct fidelity *shown)
{
	unsigned left = v->area.x / BLOCK, top = v->area.y / BLOCK;
	for (unsigned row = 0; row < blocks_of(v->area.height); row++)
		for (unsigned column = 0; column < blocks_of(v->area.width); column++)
			if (block_set_has(&shown->poor, left + column, top + row) &&
			    refined_at(v, column, row)->steps < STEPS)
				return false;
	return true;
}

/* Which errors do: each block's own, unless they make up for each other. */
static unsigned error_allowed(struct video *v, const struct fidelity *shown)
{
	unsigned most = VIDEO_ERROR_BLOCK;
	if (are_fine(v, shown, UINT_MAX))
		return most;
	if (is_last(v, shown))
		while (most > VIDEO_ERROR_FINE && !are_fine(v, shown, most))
			most -= most / 8;
	else
		most = VIDEO_ERROR_FINE;
	return MAX(most, VIDEO_ERROR_FINE);
}

static void tell(struct video *v, struct fidelity *shown)
{
	unsigned left = v->area.x / BLOCK, top = v->area.y / BLOCK;
	unsigned most = error_allowed(v, shown);
	for (unsigned row = 0; row < blocks_of(v->area.height); row++)
		for (unsigned column = 0; column < blocks_of(v->area.width); column++) {
			const struct refined *refined = refined_at(v, column, row);
			struct rectangle r = pixels_of(v, column, row);
			if (refined->steps &&
			    block_set_has(&shown->poor, left + column, top + row) &&
			    is_within(refined->error, (uint64_t)r.width * r.height, most))
				fidelity_fine(shown, r);
		}
}

static unsigned count_shown(const struct video *v, const struct mtp_tile *tile)
{
	unsigned count = 0;
	EACH_SHOWN(v, tile, column, row)
	count++;
	return count;
}

unsigned video_refine(struct video *v, const struct picture *picture, struct block_set *poor,
    struct fidelity *shown, size_t limit, struct mtp_writer *w)
{
	if (poor->count < BLOCKS_MIN || !start_around(v, picture, poor))
		return 0;
	struct block_set ours;
	block_set_init(&ours, poor->width, poor->height);
	leave_others(v, picture, poor, &ours);
	unsigned step = choose_step(v, &ours, limit);
	block_set_finish(&ours);
	if (step == STEPS)
		return 0;
	struct mtp_tile tile = tile_of(v, false);
	if (!v->key)
		video_encoder_shown(v->encoder, &v->decoded);
	take_poor(v, picture, &tile);
	size_t before = w->size;
	if (!encode(v, picture, &tile, steps[step], w))
		return 0;
	video_encoder_shown(v->encoder, &v->decoded);
	measure(v, picture, &tile);
	EACH_SHOWN(v, &tile, column, row)
	fidelity_poor(shown, pixels_of(v, column, row));
	tell(v, shown);
	v->block_took = (unsigned)((w->size - before) / count_shown(v, &tile)) + 1;
	return 1;
}
