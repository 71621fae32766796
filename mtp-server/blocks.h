/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rectangles in pixels, and sets of blocks: the screen is cut into squares of BLOCK pixels (those
 * at the right and bottom edges may be smaller), and what has changed, or is still owed to a
 * viewer, is a set of them, each with the rectangle of its pixels that matters. A set's size is
 * fixed by the screen's, so it never grows. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BLOCK 32u

struct rectangle {
	unsigned x, y, width, height; /* empty: width or height is 0 */
};

/* Both clipped and unions of nothing work: an empty rectangle is the neutral element. */
struct rectangle rectangle_union(struct rectangle a, struct rectangle b);
struct rectangle rectangle_intersection(struct rectangle a, struct rectangle b);
bool rectangle_is_empty(struct rectangle r);
bool rectangle_is_same(struct rectangle a, struct rectangle b);
/* Of numbers that came from outside: negative, huge, whatever. */
struct rectangle rectangle_clip(
    int64_t x, int64_t y, int64_t width, int64_t height, unsigned max_width, unsigned max_height);

/* What of a block is in a set: the smallest rectangle around it, in pixels from the block's corner.
 * Nothing: all 0. */
struct block_part {
	uint8_t left, top, right, bottom;
};

struct block_set {
	unsigned width, height; /* of the screen, in pixels */
	unsigned columns, rows; /* of blocks */
	unsigned count;         /* blocks that have a part in the set */
	struct block_part *parts;
};

/* Empty at first. */
void block_set_init(struct block_set *set, unsigned width, unsigned height);
void block_set_finish(struct block_set *set);
void block_set_clear(struct block_set *set);
void block_set_fill(struct block_set *set);

static inline bool block_set_has(const struct block_set *set, unsigned column, unsigned row)
{
	return set->parts[row * set->columns + column].right;
}
/* The whole block. */
void block_set_add(struct block_set *set, unsigned column, unsigned row);
void block_set_remove(struct block_set *set, unsigned column, unsigned row);
/* Sets of the same screen. */
void block_set_copy(struct block_set *set, const struct block_set *from);
void block_set_unite(struct block_set *set, const struct block_set *with);
/* The rectangle's pixels, and what it takes to keep each block's part a rectangle. It is clipped.
 */
void block_set_add_rectangle(struct block_set *set, struct rectangle r);
bool block_set_touches(const struct block_set *set, struct rectangle r);
/* Removes at most the rectangle's pixels: what leaves a part of a block that is no rectangle stays.
 */
void block_set_remove_within(struct block_set *set, struct rectangle r);
/* A copy carries along what the set says of its source: the target's pixels are in the set where
 * the source's were (and where the blocks are too coarse to tell). */
void block_set_carry(
    struct block_set *set, struct rectangle target, unsigned source_x, unsigned source_y);

/* The pixels of `columns` x `rows` blocks from there, cut off at the screen's edge. */
struct rectangle block_set_pixels(
    const struct block_set *set, unsigned column, unsigned row, unsigned columns, unsigned rows);
/* Smallest rectangle around what of those blocks is in the set; around all of it. */
struct rectangle block_set_part(
    const struct block_set *set, unsigned column, unsigned row, unsigned columns, unsigned rows);
struct rectangle block_set_bounds(const struct block_set *set);
/* Pixels in the parts of those blocks. */
size_t block_set_area(
    const struct block_set *set, unsigned column, unsigned row, unsigned columns, unsigned rows);
