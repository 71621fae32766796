/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <string.h>

#include "mtp-server/tile_encoder.h"
#include "mtp-server/video.h"
#include "mtp-server/video_area.h"
#include "mtp-server/video_encoder.h"
#include "mtp-server/video_quality.h"
#include "mtp-server/video_stream.h"

/* Quantisers of the pictures that refine a block, one after the other: smooth photographs are fine
 * after the first, grass and leaves after the last; what is not goes otherwise. */
static const uint8_t steps[] = {16, 13, 10};
#define STEPS G_N_ELEMENTS(steps)
#define BLOCK_BYTES 150 /* that refining a block takes, before it is known */

void video_changed(struct video *v, const struct block_set *damage)
{
	if (!v->encoder)
		return;
	unsigned left = v->area.x / BLOCK, top = v->area.y / BLOCK;
	for (unsigned row = 0; row < video_blocks(v->area.height); row++)
		for (unsigned column = 0; column < video_blocks(v->area.width); column++)
			if (block_set_has(damage, left + column, top + row))
				video_refined(v, column, row)->steps = 0;
}

/* An area that holds all of `poor`: the stream's own, if that does. */
static bool start_around(
    struct video *v, const struct picture *picture, const struct block_set *poor)
{
	struct rectangle around = block_set_bounds(poor);
	if (v->encoder && rectangle_is_same(rectangle_intersection(around, v->area), around))
		return true;
	if (v->encoder)
		around = rectangle_union(around, v->area);
	around = video_area_of(picture, around);
	return !rectangle_is_empty(around) && video_start(v, around);
}

/* How far from the middle of the area a block is, in blocks. */
static unsigned distance(const struct video *v, unsigned column, unsigned row)
{
	int x = 2 * (int)column + 1 - (int)video_blocks(v->area.width);
	int y = 2 * (int)row + 1 - (int)video_blocks(v->area.height);
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
	for (unsigned row = 0; row < video_blocks(v->area.height); row++)
		for (unsigned column = 0; column < video_blocks(v->area.width); column++) {
			unsigned far = distance(v, column, row);
			if (!block_set_has(poor, left + column, top + row) ||
			    video_refined(v, column, row)->steps != step || far > most)
				continue;
			counts[far]++;
			count++;
			video_show(v, column, row);
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
		bytes += (size_t)counts[far] * (v->block_took ? v->block_took : BLOCK_BYTES);
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
	for (unsigned row = 0; row < video_blocks(v->area.height); row++)
		for (unsigned column = 0; column < video_blocks(v->area.width); column++) {
			unsigned x = left + column, y = top + row;
			if (!block_set_has(poor, x, y) ||
			    video_refined(v, column, row)->steps == STEPS ||
			    video_content(picture, x, y) == VIDEO_DRAWN ||
			    video_has_text(picture, x, y) ||
			    tile_is_gradient(picture, video_pixels(v, column, row)))
				continue;
			block_set_add(ours, x, y);
			block_set_remove(poor, x, y);
		}
}

static size_t size_of(const struct video *v, unsigned column, unsigned row)
{
	struct rectangle r = video_pixels(v, column, row);
	return (size_t)r.width * r.height;
}

static uint32_t error_of(const struct video *v, const struct picture *picture,
    const struct mtp_tile *tile, unsigned column, unsigned row)
{
	struct rectangle r = video_pixels(v, column, row);
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
	VIDEO_EACH_SHOWN(v, tile, column, row)
	if (v->key || !is_within(error_of(v, picture, tile, column, row), size_of(v, column, row),
	                  VIDEO_ERROR_FINE))
		video_take(v, picture, column, row);
}

static void measure(struct video *v, const struct picture *picture, const struct mtp_tile *tile)
{
	VIDEO_EACH_SHOWN(v, tile, column, row)
	{
		struct refined *refined = video_refined(v, column, row);
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
	for (unsigned row = 0; row < video_blocks(v->area.height); row++)
		for (unsigned column = 0; column < video_blocks(v->area.width); column++) {
			const struct refined *refined = video_refined(v, column, row);
			if (!refined->steps ||
			    !block_set_has(&shown->rough, left + column, top + row))
				continue;
			size_t area = size_of(v, column, row);
			pixels += area;
			error += is_within(refined->error, area, most) ? refined->error : 0;
		}
	return is_within(error, pixels, VIDEO_ERROR_FINE);
}

/* All steps done for all of them? */
static bool is_last(struct video *v, const struct fidelity *shown)
{
	unsigned left = v->area.x / BLOCK, top = v->area.y / BLOCK;
	for (unsigned row = 0; row < video_blocks(v->area.height); row++)
		for (unsigned column = 0; column < video_blocks(v->area.width); column++)
			if (block_set_has(&shown->poor, left + column, top + row) &&
			    video_refined(v, column, row)->steps < STEPS)
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
	for (unsigned row = 0; row < video_blocks(v->area.height); row++)
		for (unsigned column = 0; column < video_blocks(v->area.width); column++) {
			const struct refined *refined = video_refined(v, column, row);
			struct rectangle r = video_pixels(v, column, row);
			if (refined->steps &&
			    block_set_has(&shown->poor, left + column, top + row) &&
			    is_within(refined->error, size_of(v, column, row), most))
				fidelity_fine(shown, r);
		}
}

static unsigned count_shown(const struct video *v, const struct mtp_tile *tile)
{
	unsigned count = 0;
	VIDEO_EACH_SHOWN(v, tile, column, row)
	count++;
	return count;
}

unsigned video_refine(struct video *v, const struct picture *picture, struct block_set *poor,
    struct fidelity *shown, size_t limit, struct mtp_writer *w)
{
	if (poor->count < VIDEO_BLOCKS_MIN || !start_around(v, picture, poor))
		return 0;
	struct block_set ours;
	block_set_init(&ours, poor->width, poor->height);
	leave_others(v, picture, poor, &ours);
	unsigned step = choose_step(v, &ours, limit);
	block_set_finish(&ours);
	if (step == STEPS)
		return 0;
	struct mtp_tile tile = video_tile(v, false);
	if (!v->key)
		video_encoder_shown(v->encoder, &v->decoded);
	take_poor(v, picture, &tile);
	size_t before = w->size;
	if (!video_encode_tile(v, picture, &tile, steps[step], w))
		return 0;
	video_encoder_shown(v->encoder, &v->decoded);
	measure(v, picture, &tile);
	VIDEO_EACH_SHOWN(v, &tile, column, row)
	fidelity_poor(shown, video_pixels(v, column, row));
	tell(v, shown);
	v->block_took = (unsigned)((w->size - before) / count_shown(v, &tile)) + 1;
	return 1;
}
