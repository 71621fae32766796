/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/blocks.h"

#include <glib.h>
#include <string.h>

bool rectangle_is_empty(struct rectangle r)
{
	return r.width == 0 || r.height == 0;
}

struct rectangle rectangle_union(struct rectangle a, struct rectangle b)
{
	if (rectangle_is_empty(a))
		return b;
	if (rectangle_is_empty(b))
		return a;
	unsigned x = MIN(a.x, b.x), y = MIN(a.y, b.y);
	return (struct rectangle){
	    .x = x,
	    .y = y,
	    .width = MAX(a.x + a.width, b.x + b.width) - x,
	    .height = MAX(a.y + a.height, b.y + b.height) - y,
	};
}

struct rectangle rectangle_intersection(struct rectangle a, struct rectangle b)
{
	unsigned x = MAX(a.x, b.x), y = MAX(a.y, b.y);
	unsigned right = MIN(a.x + a.width, b.x + b.width);
	unsigned bottom = MIN(a.y + a.height, b.y + b.height);
	if (right <= x || bottom <= y)
		return (struct rectangle){0};
	return (struct rectangle){.x = x, .y = y, .width = right - x, .height = bottom - y};
}

struct rectangle rectangle_clip(
    int64_t x, int64_t y, int64_t width, int64_t height, unsigned max_width, unsigned max_height)
{
	/* All four come as 32-bit numbers, so the sums fit. */
	int64_t right = CLAMP(x + width, 0, max_width), bottom = CLAMP(y + height, 0, max_height);
	x = CLAMP(x, 0, max_width);
	y = CLAMP(y, 0, max_height);
	if (right <= x || bottom <= y)
		return (struct rectangle){0};
	return (struct rectangle){
	    .x = (unsigned)x,
	    .y = (unsigned)y,
	    .width = (unsigned)(right - x),
	    .height = (unsigned)(bottom - y),
	};
}

void block_set_init(struct block_set *set, unsigned width, unsigned height)
{
	*set = (struct block_set){
	    .width = width,
	    .height = height,
	    .columns = (width + BLOCK - 1) / BLOCK,
	    .rows = (height + BLOCK - 1) / BLOCK,
	};
	set->in = g_malloc0((size_t)set->columns * set->rows);
}

void block_set_finish(struct block_set *set)
{
	g_free(set->in);
	*set = (struct block_set){0};
}

static size_t size_of(const struct block_set *set)
{
	return (size_t)set->columns * set->rows;
}

void block_set_clear(struct block_set *set)
{
	if (set->count)
		memset(set->in, 0, size_of(set));
	set->count = 0;
}

void block_set_fill(struct block_set *set)
{
	set->count = (unsigned)size_of(set);
	if (set->count)
		memset(set->in, 1, size_of(set));
}

void block_set_add(struct block_set *set, unsigned column, unsigned row)
{
	uint8_t *in = &set->in[row * set->columns + column];
	set->count += !*in;
	*in = 1;
}

void block_set_remove(struct block_set *set, unsigned column, unsigned row)
{
	uint8_t *in = &set->in[row * set->columns + column];
	set->count -= *in;
	*in = 0;
}

void block_set_copy(struct block_set *set, const struct block_set *from)
{
	if (size_of(set))
		memcpy(set->in, from->in, size_of(set));
	set->count = from->count;
}

void block_set_unite(struct block_set *set, const struct block_set *with)
{
	if (!with->count)
		return;
	unsigned count = 0;
	for (size_t i = 0; i < size_of(set); i++) {
		set->in[i] |= with->in[i];
		count += set->in[i];
	}
	set->count = count;
}

/* First and one past the last block that the rectangle touches. */
struct span {
	unsigned left, right, top, bottom;
};

static struct span span_of(const struct block_set *set, struct rectangle r)
{
	r = rectangle_clip(r.x, r.y, r.width, r.height, set->width, set->height);
	if (rectangle_is_empty(r))
		return (struct span){0};
	return (struct span){
	    .left = r.x / BLOCK,
	    .right = (r.x + r.width - 1) / BLOCK + 1,
	    .top = r.y / BLOCK,
	    .bottom = (r.y + r.height - 1) / BLOCK + 1,
	};
}

void block_set_add_rectangle(struct block_set *set, struct rectangle r)
{
	struct span s = span_of(set, r);
	for (unsigned row = s.top; row < s.bottom; row++)
		for (unsigned column = s.left; column < s.right; column++)
			block_set_add(set, column, row);
}

bool block_set_touches(const struct block_set *set, struct rectangle r)
{
	struct span s = span_of(set, r);
	for (unsigned row = s.top; row < s.bottom && set->count; row++)
		for (unsigned column = s.left; column < s.right; column++)
			if (block_set_has(set, column, row))
				return true;
	return false;
}

void block_set_remove_within(struct block_set *set, struct rectangle r)
{
	struct span s = span_of(set, r);
	for (unsigned row = s.top; row < s.bottom; row++)
		for (unsigned column = s.left; column < s.right; column++) {
			struct rectangle block = block_set_pixels(set, column, row, 1, 1);
			struct rectangle common = rectangle_intersection(block, r);
			if (common.width == block.width && common.height == block.height)
				block_set_remove(set, column, row);
		}
}

struct rectangle block_set_pixels(
    const struct block_set *set, unsigned column, unsigned row, unsigned columns, unsigned rows)
{
	return rectangle_clip((int64_t)column * BLOCK, (int64_t)row * BLOCK,
	    (int64_t)columns * BLOCK, (int64_t)rows * BLOCK, set->width, set->height);
}

struct rectangle block_set_bounds(const struct block_set *set)
{
	struct rectangle bounds = {0};
	for (unsigned row = 0; row < set->rows && set->count; row++)
		for (unsigned column = 0; column < set->columns; column++)
			if (block_set_has(set, column, row))
				bounds = rectangle_union(
				    bounds, block_set_pixels(set, column, row, 1, 1));
	return bounds;
}
