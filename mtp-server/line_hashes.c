/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/line_hashes.h"

#include <glib.h>
#include <string.h>

/* The high half of the sum depends on every bit of every pixel. */
static uint32_t fold(uint64_t sum)
{
	return (uint32_t)((sum ^ sum >> 29) * 0x9e3779b97f4a7c15 >> 32);
}

void line_hashes_init(struct line_hashes *h, enum axis axis, unsigned width, unsigned height)
{
	unsigned columns = (width + BLOCK - 1) / BLOCK, rows = (height + BLOCK - 1) / BLOCK;
	*h = (struct line_hashes){
	    .axis = axis,
	    .bands = axis == AXIS_VERTICAL ? columns : rows,
	    .lines = axis == AXIS_VERTICAL ? height : width,
	};
	h->before = g_new0(uint32_t, (size_t)h->bands * h->lines);
	h->now = g_new0(uint32_t, (size_t)h->bands * h->lines);
	h->known = g_malloc0((size_t)columns * rows);
	for (unsigned i = 0; i < BLOCK; i++)
		h->factors[i] = fold((i + 1) * 0xbf58476d1ce4e5b9) | 1;
}

void line_hashes_finish(struct line_hashes *h)
{
	g_free(h->before);
	g_free(h->now);
	g_free(h->known);
	*h = (struct line_hashes){0};
}

static inline uint32_t hash_row(const uint32_t *factors, const uint32_t *pixels, unsigned n)
{
	uint64_t sum = 0;
	for (unsigned x = 0; x < n; x++)
		sum += (uint64_t)pixels[x] * factors[x];
	return fold(sum);
}

static void hash_rows(const uint32_t *factors, const uint32_t *pixels, unsigned stride,
    struct rectangle block, uint32_t *out)
{
	/* A number of turns that is known lets the compiler use vectors. */
	if (block.width == BLOCK)
		for (unsigned y = 0; y < block.height; y++)
			out[y] = hash_row(factors, pixels + (size_t)y * stride, BLOCK);
	else
		for (unsigned y = 0; y < block.height; y++)
			out[y] = hash_row(factors, pixels + (size_t)y * stride, block.width);
}

static void hash_columns(const uint32_t *factors, const uint32_t *pixels, unsigned stride,
    struct rectangle block, uint32_t *out)
{
	uint64_t sums[BLOCK] = {0};
	for (unsigned y = 0; y < block.height; y++)
		for (unsigned x = 0; x < block.width; x++)
			sums[x] += (uint64_t)pixels[(size_t)y * stride + x] * factors[y];
	for (unsigned x = 0; x < block.width; x++)
		out[x] = fold(sums[x]);
}

/* Where a block's hashes are, and how many. */
static size_t place_of(const struct line_hashes *h, struct rectangle block, unsigned *n)
{
	*n = h->axis == AXIS_VERTICAL ? block.height : block.width;
	return h->axis == AXIS_VERTICAL ? (size_t)(block.x / BLOCK) * h->lines + block.y
	                                : (size_t)(block.y / BLOCK) * h->lines + block.x;
}

static void hash_block(const struct line_hashes *h, const uint32_t *pixels, unsigned stride,
    struct rectangle block, uint32_t *hashes)
{
	const uint32_t *first = pixels + (size_t)block.y * stride + block.x;
	unsigned n;
	uint32_t *out = hashes + place_of(h, block, &n);
	if (h->axis == AXIS_VERTICAL)
		hash_rows(h->factors, first, stride, block, out);
	else
		hash_columns(h->factors, first, stride, block, out);
}

void line_hashes_update(
    struct line_hashes *h, const struct picture *picture, const struct block_set *damage)
{
	struct rectangle bounds = block_set_bounds(damage);
	for (unsigned row = bounds.y / BLOCK; row * BLOCK < bounds.y + bounds.height; row++)
		for (unsigned column = bounds.x / BLOCK; column * BLOCK < bounds.x + bounds.width;
		     column++) {
			struct rectangle block = block_set_pixels(damage, column, row, 1, 1);
			uint8_t *known = &h->known[row * damage->columns + column];
			unsigned n;
			size_t at = place_of(h, block, &n);
			if (!*known)
				hash_block(h, picture->before, picture->width, block, h->before);
			*known = 1;
			if (block_set_has(damage, column, row))
				hash_block(h, picture->now, picture->width, block, h->now);
			else
				memcpy(h->now + at, h->before + at, n * sizeof *h->now);
		}
}

void line_hashes_settle(struct line_hashes *h, const struct block_set *damage)
{
	for (unsigned row = 0; row < damage->rows; row++)
		for (unsigned column = 0; column < damage->columns; column++) {
			if (!block_set_has(damage, column, row))
				continue;
			unsigned n;
			size_t at = place_of(h, block_set_pixels(damage, column, row, 1, 1), &n);
			memcpy(h->before + at, h->now + at, n * sizeof *h->now);
		}
}

void line_hashes_forget(struct line_hashes *h, const struct block_set *damage)
{
	for (unsigned i = 0; i < damage->columns * damage->rows; i++)
		if (damage->parts[i].right)
			h->known[i] = 0;
}
