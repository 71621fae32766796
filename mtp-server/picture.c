/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/picture.h"

#include <glib.h>

/* A block that has shown the same for so long may come back: it is worth keeping. */
#define REST_MS 250

void picture_init(struct picture *picture, unsigned width, unsigned height)
{
	*picture = (struct picture){
	    .width = width,
	    .height = height,
	    .columns = (width + BLOCK - 1) / BLOCK,
	    .rows = (height + BLOCK - 1) / BLOCK,
	};
	picture->now = g_new0(uint32_t, (size_t)width * height);
	picture->before = g_new0(uint32_t, (size_t)width * height);
	picture->versions = g_new0(uint64_t, (size_t)picture->columns * picture->rows);
	picture->changed_ms = g_new0(uint32_t, (size_t)picture->columns * picture->rows);
	picture->rested = g_new0(struct block_hash, (size_t)picture->columns * picture->rows);
	picture->keys = g_new(struct block_hash_keys, 1);
	block_hash_keys_init(picture->keys);
}

void picture_finish(struct picture *picture)
{
	g_free(picture->now);
	g_free(picture->before);
	g_free(picture->versions);
	g_free(picture->changed_ms);
	g_free(picture->rested);
	g_free(picture->keys);
	*picture = (struct picture){0};
}

struct block_hash picture_block_hash(const struct picture *picture, unsigned column, unsigned row)
{
	struct rectangle block = rectangle_clip((int64_t)column * BLOCK, (int64_t)row * BLOCK,
	    BLOCK, BLOCK, picture->width, picture->height);
	return block_hash_of(picture->keys, picture->now, picture->width, block);
}

void picture_block_changes(struct picture *picture, unsigned column, unsigned row)
{
	unsigned at = row * picture->columns + column;
	bool rested = picture->time_ms - picture->changed_ms[at] >= REST_MS;
	picture->rested[at] =
	    rested ? picture_block_hash(picture, column, row) : (struct block_hash){0};
	picture->changed_ms[at] = picture->time_ms;
}

uint64_t picture_version_of(const struct picture *picture, struct rectangle r)
{
	uint64_t newest = 0;
	for (unsigned row = r.y / BLOCK; row * BLOCK < r.y + r.height; row++)
		for (unsigned column = r.x / BLOCK; column * BLOCK < r.x + r.width; column++)
			newest = MAX(newest, picture->versions[row * picture->columns + column]);
	return newest;
}
