/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rectangles in pixels, and sets of blocks: the screen is cut into squares of BLOCK pixels (those
 * at the right and bottom edges may be smaller), and what has changed, or is still owed to a
 * viewer, is a set of them. A set's size is fixed by the screen's, so it never grows. One thread.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define BLOCK 32u

struct rectangle {
	unsigned x, y, width, height; /* empty: width or height is 0 */
};

/* Both clipped and unions of nothing work: an empty rectangle is the neutral element. */
struct rectangle rectangle_union(struct rectangle a, struct rectangle b);
struct rectangle rectangle_intersection(struct rectangle a, struct rectangle b);
bool rectangle_is_empty(struct rectangle r);
/* Of numbers that came from outside: negative, huge, whatever. */
struct rectangle rectangle_clip(
    int64_t x, int64_t y, int64_t width, int64_t height, unsigned max_width, unsigned max_height);

struct block_set {
	unsigned width, height; /* of the screen, in pixels */
	unsigned columns, rows; /* of blocks */
	unsigned count;         /* blocks in the set */
	uint8_t *in;            /* rows * columns times 0 or 1 */
};

/* Empty at first. */
void block_set_init(struct block_set *set, unsigned width, unsigned height);
void block_set_finish(struct block_set *set);
void block_set_clear(struct block_set *set);
void block_set_fill(struct block_set *set);

static inline bool block_set_has(const struct block_set *set, unsigned column, unsigned row)
{
	return set->in[row * set->columns + column];
}
void block_set_add(struct block_set *set, unsigned column, unsigned row);
void block_set_remove(struct block_set *set, unsigned column, unsigned row);
/* Sets of the same screen. */
void block_set_copy(struct block_set *set, const struct block_set *from);
void block_set_unite(struct block_set *set, const struct block_set *with);
/* Every block that has a pixel in the rectangle, which is clipped. */
void block_set_add_rectangle(struct block_set *set, struct rectangle r);
bool block_set_touches(const struct block_set *set, struct rectangle r);
/* Removes the blocks that lie wholly in the rectangle. */
void block_set_remove_within(struct block_set *set, struct rectangle r);

/* The pixels of `columns` x `rows` blocks from there, cut off at the screen's edge. */
struct rectangle block_set_pixels(
    const struct block_set *set, unsigned column, unsigned row, unsigned columns, unsigned rows);
/* Smallest rectangle around the set. */
struct rectangle block_set_bounds(const struct block_set *set);
