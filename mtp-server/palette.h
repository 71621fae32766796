/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * At most 256 colours in the order in which they were met, and the packing of indexes into them
 * (mtp/PROTOCOL.md, tile kind 2). No memory is allocated; a palette may be copied.
 */
#pragma once

#include "mtp-server/picture.h"

#define PALETTE_MAX 256
#define PALETTE_SLOTS 1024 /* open addressing; a power of two, at most a quarter full */

struct palette {
	unsigned size;
	uint32_t colours[PALETTE_MAX]; /* 0x00RRGGBB */
	uint16_t slots[PALETTE_SLOTS]; /* index + 1; 0: free */
};

void palette_init(struct palette *palette);
/* Adds every colour of the rectangle. False when there are more than 256: the palette then holds
 * some of them. */
bool palette_add_rectangle(
    struct palette *palette, const struct picture *picture, struct rectangle r);
/* 3 bytes a colour: red, green, blue. */
void palette_write_colours(const struct palette *palette, uint8_t *out);
/* Packs the rectangle, all of whose colours are in the palette, and returns the bytes written:
 * height * ceil(width * bits / 8). */
size_t palette_pack(
    const struct palette *palette, const struct picture *picture, struct rectangle r, uint8_t *out);
