/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/picture.h"

#include <glib.h>

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
}

void picture_finish(struct picture *picture)
{
	g_free(picture->now);
	g_free(picture->before);
	g_free(picture->versions);
	*picture = (struct picture){0};
}

uint64_t picture_version_of(const struct picture *picture, struct rectangle r)
{
	uint64_t newest = 0;
	for (unsigned row = r.y / BLOCK; row * BLOCK < r.y + r.height; row++)
		for (unsigned column = r.x / BLOCK; column * BLOCK < r.x + r.width; column++)
			newest = MAX(newest, picture->versions[row * picture->columns + column]);
	return newest;
}
