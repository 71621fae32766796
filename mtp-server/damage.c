/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/damage.h"

#include <glib.h>
#include <string.h>

#include "mtp/messages.h"

/* Takes over one row of a block; what differed widens *left and *right. */
static bool take_row(
    uint32_t *to, const uint8_t *from, unsigned width, unsigned *left, unsigned *right)
{
	uint32_t row[BLOCK];
	size_t size = width * sizeof *row;
	if (memcmp(to, from, size) == 0)
		return false;
	/* The surface's bytes may change under us: only the copy is looked at from here on. */
	memcpy(row, from, size);
	unsigned begin = 0, end = width;
	while (begin < *left && row[begin] == to[begin])
		begin++;
	while (end > *right && row[end - 1] == to[end - 1])
		end--;
	*left = begin < *left ? begin : *left;
	*right = end > *right ? end : *right;
	memcpy(to, row, size);
	return true;
}

/* Takes over what differs; the smallest rectangle around it. A change that comes behind our back is
 * told of later. */
static struct rectangle take_block(
    struct picture *picture, const struct surface *surface, struct rectangle r)
{
	const uint8_t *from = surface->pixels + r.y * surface->stride + r.x * sizeof *picture->now;
	uint32_t *to = picture->now + (size_t)r.y * picture->width + r.x;
	unsigned left = r.width, right = 0, top = r.height, bottom = 0, y = 0;
	while (y < r.height && memcmp(to + (size_t)y * picture->width, from + y * surface->stride,
	                           r.width * sizeof *to) == 0)
		y++;
	if (y == r.height)
		return (struct rectangle){0};
	picture_block_changes(picture, r.x / BLOCK, r.y / BLOCK);
	for (; y < r.height; y++)
		if (take_row(to + (size_t)y * picture->width, from + y * surface->stride, r.width,
		        &left, &right)) {
			top = top < y ? top : y;
			bottom = y + 1;
		}
	if (left >= right)
		return (struct rectangle){0};
	return (struct rectangle){r.x + left, r.y + top, right - left, bottom - top};
}

/* Which blocks of a row of them differ? Whole lines are compared first: memory is fastest from end
 * to end, and most lines are the same. */
static void mark_columns(const struct picture *picture, const struct surface *surface,
    struct rectangle line, uint8_t *columns)
{
	memset(columns, 0, picture->columns);
	for (unsigned y = line.y; y < line.y + line.height; y++) {
		const uint8_t *from = surface->pixels + y * surface->stride;
		const uint32_t *to = picture->now + (size_t)y * picture->width;
		if (memcmp(to + line.x, from + line.x * sizeof *to, line.width * sizeof *to) == 0)
			continue;
		for (unsigned x = line.x, end; x < line.x + line.width; x = end) {
			end = MIN(x - x % BLOCK + BLOCK, line.x + line.width);
			columns[x / BLOCK] |=
			    memcmp(to + x, from + x * sizeof *to, (end - x) * sizeof *to) != 0;
		}
	}
}

void damage_collect(struct picture *picture, struct surface *surface, struct rectangle region,
    uint32_t time_ms, struct block_set *damage)
{
	block_set_clear(damage);
	picture->time_ms = time_ms;
	if (rectangle_is_empty(region))
		return;
	unsigned first = region.x / BLOCK, end = (region.x + region.width - 1) / BLOCK + 1;
	uint8_t columns[MTP_MAX_SIDE / BLOCK + 1];
	uint64_t version = picture->version + 1;
	surface_lock(surface);
	for (unsigned row = region.y / BLOCK; row * BLOCK < region.y + region.height; row++) {
		mark_columns(picture, surface, block_set_pixels(damage, first, row, end - first, 1),
		    columns);
		for (unsigned column = first; column < end; column++) {
			if (!columns[column])
				continue;
			struct rectangle taken = take_block(
			    picture, surface, block_set_pixels(damage, column, row, 1, 1));
			if (rectangle_is_empty(taken))
				continue;
			block_set_add_rectangle(damage, taken);
			picture->versions[row * picture->columns + column] = version;
		}
	}
	surface_unlock(surface);
	if (damage->count)
		picture->version = version;
}

void damage_settle(struct picture *picture, const struct block_set *damage)
{
	for (unsigned row = 0; row < damage->rows && damage->count; row++)
		for (unsigned column = 0; column < damage->columns; column++) {
			if (!block_set_has(damage, column, row))
				continue;
			struct rectangle r = block_set_part(damage, column, row, 1, 1);
			for (unsigned y = r.y; y < r.y + r.height; y++) {
				size_t at = (size_t)y * picture->width + r.x;
				memcpy(picture->before + at, picture->now + at,
				    r.width * sizeof *picture->now);
			}
		}
}
