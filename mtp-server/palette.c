/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/palette.h"

#include <string.h>

#include "mtp/tile.h"

void palette_init(struct palette *palette)
{
	palette->size = 0;
	memset(palette->slots, 0, sizeof palette->slots);
}

/* The slot where the colour is or would be. */
static unsigned slot_of(const struct palette *palette, uint32_t colour)
{
	/* Fibonacci hashing (Knuth, TAOCP 6.4): the upper bits of the product are well mixed. */
	unsigned slot = (colour * 2654435769u) >> 22;
	while (palette->slots[slot] && palette->colours[palette->slots[slot] - 1] != colour)
		slot = (slot + 1) % PALETTE_SLOTS;
	return slot;
}

bool palette_add_rectangle(
    struct palette *palette, const struct picture *picture, struct rectangle r)
{
	/* No colour is this one: its upper byte is not zero. */
	uint32_t last = UINT32_MAX;
	for (unsigned y = 0; y < r.height; y++) {
		const uint32_t *pixel = picture_at(picture, r.x, r.y + y);
		for (unsigned x = 0; x < r.width; x++) {
			uint32_t colour = pixel[x] & 0xffffff;
			if (colour == last)
				continue;
			last = colour;
			unsigned slot = slot_of(palette, colour);
			if (palette->slots[slot])
				continue;
			if (palette->size == PALETTE_MAX)
				return false;
			palette->colours[palette->size++] = colour;
			palette->slots[slot] = (uint16_t)palette->size;
		}
	}
	return true;
}

void palette_write_colours(const struct palette *palette, uint8_t *out)
{
	for (unsigned i = 0; i < palette->size; i++) {
		*out++ = (uint8_t)(palette->colours[i] >> 16);
		*out++ = (uint8_t)(palette->colours[i] >> 8);
		*out++ = (uint8_t)palette->colours[i];
	}
}

size_t palette_pack(
    const struct palette *palette, const struct picture *picture, struct rectangle r, uint8_t *out)
{
	const uint8_t *start = out;
	unsigned bits = mtp_palette_bits(palette->size);
	uint32_t last = UINT32_MAX;
	unsigned index = 0;
	for (unsigned y = 0; y < r.height; y++) {
		const uint32_t *pixel = picture_at(picture, r.x, r.y + y);
		unsigned byte = 0, filled = 0;
		for (unsigned x = 0; x < r.width; x++) {
			uint32_t colour = pixel[x] & 0xffffff;
			if (colour != last) {
				last = colour;
				index = palette->slots[slot_of(palette, colour)] - 1u;
			}
			byte = byte << bits | index;
			filled += bits;
			if (filled == 8) {
				*out++ = (uint8_t)byte;
				byte = filled = 0;
			}
		}
		if (filled)
			*out++ = (uint8_t)(byte << (8 - filled));
	}
	return (size_t)(out - start);
}
