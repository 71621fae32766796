/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/damage.h"

#include <string.h>

/* True when it differed and was taken over. The surface's bytes may change under us: each row is
 * looked at once more than it is copied at the most, and a later change is told of later. */
static bool take_block(struct picture *picture, const struct surface *surface, struct rectangle r)
{
	size_t row_bytes = r.width * sizeof *picture->now;
	const uint8_t *from = surface->pixels + r.y * surface->stride + r.x * sizeof *picture->now;
	uint32_t *to = picture->now + (size_t)r.y * picture->width + r.x;
	unsigned y = 0;
	while (y < r.height &&
	       memcmp(to + (size_t)y * picture->width, from + y * surface->stride, row_bytes) == 0)
		y++;
	if (y == r.height)
		return false;
	for (; y < r.height; y++)
		memcpy(to + (size_t)y * picture->width, from + y * surface->stride, row_bytes);
	return true;
}

void damage_collect(struct picture *picture, struct surface *surface, struct rectangle region,
    uint32_t time_ms, struct block_set *damage)
{
	block_set_clear(damage);
	picture->time_ms = time_ms;
	if (rectangle_is_empty(region))
		return;
	uint64_t version = picture->version + 1;
	surface_lock(surface);
	for (unsigned row = region.y / BLOCK; row * BLOCK < region.y + region.height; row++)
		for (unsigned column = region.x / BLOCK; column * BLOCK < region.x + region.width;
		     column++) {
			struct rectangle block = block_set_pixels(damage, column, row, 1, 1);
			if (!take_block(picture, surface, block))
				continue;
			block_set_add(damage, column, row);
			picture->versions[row * picture->columns + column] = version;
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
			struct rectangle r = block_set_pixels(damage, column, row, 1, 1);
			for (unsigned y = r.y; y < r.y + r.height; y++) {
				size_t at = (size_t)y * picture->width + r.x;
				memcpy(picture->before + at, picture->now + at,
				    r.width * sizeof *picture->now);
			}
		}
}
