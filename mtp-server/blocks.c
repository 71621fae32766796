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

bool rectangle_is_same(struct rectangle a, struct rectangle b)
{
	return a.x == b.x && a.y == b.y && a.width == b.width && a.height == b.height;
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
	set->parts = g_new0(struct block_part, (size_t)set->columns * set->rows);
}

void block_set_finish(struct block_set *set)
{
	g_free(set->parts);
	*set = (struct block_set){0};
}

static size_t size_of(const struct block_set *set)
{
	return (size_t)set->columns * set->rows;
}

static struct block_part *part_at(const struct block_set *set, unsigned column, unsigned row)
{
	return &set->parts[row * set->columns + column];
}

/* A rectangle that lies in the block, and back. */
static struct block_part part_of(struct rectangle r, unsigned column, unsigned row)
{
	if (rectangle_is_empty(r))
		return (struct block_part){0};
	unsigned x = r.x - column * BLOCK, y = r.y - row * BLOCK;
	return (struct block_part){.left = (uint8_t)x,
	    .top = (uint8_t)y,
	    .right = (uint8_t)(x + r.width),
	    .bottom = (uint8_t)(y + r.height)};
}

static struct rectangle pixels_of(struct block_part p, unsigned column, unsigned row)
{
	return (struct rectangle){.x = column * BLOCK + p.left,
	    .y = row * BLOCK + p.top,
	    .width = (unsigned)(p.right - p.left),
	    .height = (unsigned)(p.bottom - p.top)};
}

static void set_part(struct block_set *set, unsigned column, unsigned row, struct block_part part)
{
	struct block_part *old = part_at(set, column, row);
	if (!old->right && part.right)
		set->count++;
	else if (old->right && !part.right)
		set->count--;
	*old = part;
}

static struct block_part unite(struct block_part a, struct block_part b)
{
	if (!a.right || !b.right)
		return a.right ? a : b;
	return (struct block_part){.left = MIN(a.left, b.left),
	    .top = MIN(a.top, b.top),
	    .right = MAX(a.right, b.right),
	    .bottom = MAX(a.bottom, b.bottom)};
}

/* What is left of `a` without `b`, as far as that is a rectangle. */
static struct block_part subtract(struct block_part a, struct block_part b)
{
	bool across = b.left <= a.left && b.right >= a.right;
	bool down = b.top <= a.top && b.bottom >= a.bottom;
	if (across && down)
		return (struct block_part){0};
	if (across && b.bottom > a.top && b.top <= a.top)
		a.top = b.bottom;
	else if (across && b.top < a.bottom && b.bottom >= a.bottom)
		a.bottom = b.top;
	else if (down && b.right > a.left && b.left <= a.left)
		a.left = b.right;
	else if (down && b.left < a.right && b.right >= a.right)
		a.right = b.left;
	return a;
}

void block_set_clear(struct block_set *set)
{
	if (set->count)
		memset(set->parts, 0, size_of(set) * sizeof *set->parts);
	set->count = 0;
}

void block_set_fill(struct block_set *set)
{
	for (unsigned row = 0; row < set->rows; row++)
		for (unsigned column = 0; column < set->columns; column++)
			block_set_add(set, column, row);
}

void block_set_add(struct block_set *set, unsigned column, unsigned row)
{
	set_part(set, column, row, part_of(block_set_pixels(set, column, row, 1, 1), column, row));
}

void block_set_remove(struct block_set *set, unsigned column, unsigned row)
{
	set_part(set, column, row, (struct block_part){0});
}

void block_set_copy(struct block_set *set, const struct block_set *from)
{
	if (size_of(set))
		memcpy(set->parts, from->parts, size_of(set) * sizeof *set->parts);
	set->count = from->count;
}

void block_set_unite(struct block_set *set, const struct block_set *with)
{
	if (!with->count)
		return;
	unsigned count = 0;
	for (size_t i = 0; i < size_of(set); i++) {
		set->parts[i] = unite(set->parts[i], with->parts[i]);
		count += set->parts[i].right != 0;
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

/* The rectangle's part of a block. */
static struct block_part cut(
    const struct block_set *set, struct rectangle r, unsigned column, unsigned row)
{
	struct rectangle block = block_set_pixels(set, column, row, 1, 1);
	return part_of(rectangle_intersection(block, r), column, row);
}

void block_set_add_rectangle(struct block_set *set, struct rectangle r)
{
	struct span s = span_of(set, r);
	for (unsigned row = s.top; row < s.bottom; row++)
		for (unsigned column = s.left; column < s.right; column++)
			set_part(set, column, row,
			    unite(*part_at(set, column, row), cut(set, r, column, row)));
}

void block_set_remove_within(struct block_set *set, struct rectangle r)
{
	struct span s = span_of(set, r);
	for (unsigned row = s.top; row < s.bottom; row++)
		for (unsigned column = s.left; column < s.right; column++)
			if (block_set_has(set, column, row))
				set_part(set, column, row,
				    subtract(*part_at(set, column, row), cut(set, r, column, row)));
}

static struct rectangle common(const struct block_set *set, struct rectangle r)
{
	struct span s = span_of(set, r);
	struct rectangle all = {0};
	for (unsigned row = s.top; row < s.bottom && set->count; row++)
		for (unsigned column = s.left; column < s.right; column++)
			if (block_set_has(set, column, row))
				all = rectangle_union(
				    all, rectangle_intersection(r,
				             pixels_of(*part_at(set, column, row), column, row)));
	return all;
}

bool block_set_touches(const struct block_set *set, struct rectangle r)
{
	return !rectangle_is_empty(common(set, r));
}

void block_set_carry(
    struct block_set *set, struct rectangle target, unsigned source_x, unsigned source_y)
{
	if (!set->count)
		return;
	/* Source and target may overlap. */
	g_autofree struct block_part *old = g_memdup2(set->parts, size_of(set) * sizeof *old);
	const struct block_set before = {
	    set->width, set->height, set->columns, set->rows, set->count, old};
	struct span s = span_of(set, target);
	for (unsigned row = s.top; row < s.bottom; row++)
		for (unsigned column = s.left; column < s.right; column++) {
			struct rectangle block = block_set_pixels(set, column, row, 1, 1);
			struct rectangle to = rectangle_intersection(block, target);
			struct rectangle from = {to.x - target.x + source_x,
			    to.y - target.y + source_y, to.width, to.height};
			struct rectangle carried = common(&before, from);
			carried.x = carried.x - from.x + to.x;
			carried.y = carried.y - from.y + to.y;
			struct block_part stays =
			    subtract(*part_at(&before, column, row), part_of(to, column, row));
			set_part(set, column, row, unite(stays, part_of(carried, column, row)));
		}
}

struct rectangle block_set_pixels(
    const struct block_set *set, unsigned column, unsigned row, unsigned columns, unsigned rows)
{
	return rectangle_clip((int64_t)column * BLOCK, (int64_t)row * BLOCK,
	    (int64_t)columns * BLOCK, (int64_t)rows * BLOCK, set->width, set->height);
}

struct rectangle block_set_part(
    const struct block_set *set, unsigned column, unsigned row, unsigned columns, unsigned rows)
{
	struct rectangle bounds = {0};
	for (unsigned y = row; y < row + rows; y++)
		for (unsigned x = column; x < column + columns; x++)
			if (block_set_has(set, x, y))
				bounds =
				    rectangle_union(bounds, pixels_of(*part_at(set, x, y), x, y));
	return bounds;
}

struct rectangle block_set_bounds(const struct block_set *set)
{
	return set->count ? block_set_part(set, 0, 0, set->columns, set->rows)
	                  : (struct rectangle){0};
}

size_t block_set_area(
    const struct block_set *set, unsigned column, unsigned row, unsigned columns, unsigned rows)
{
	size_t area = 0;
	for (unsigned y = row; y < row + rows; y++)
		for (unsigned x = column; x < column + columns; x++) {
			struct block_part p = *part_at(set, x, y);
			area += (size_t)(p.right - p.left) * (size_t)(p.bottom - p.top);
		}
	return area;
}
