/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/block_hash.h"

#include <glib.h>
#include <sys/random.h>

#define VISIBLE 0xffffffu

void block_hash_keys_init(struct block_hash_keys *k)
{
	uint8_t *out = (uint8_t *)k->keys;
	/* Up to 256 bytes come at once, and without an interruption: getrandom(2). */
	for (size_t at = 0; at < sizeof k->keys; at += 128)
		if (getrandom(out + at, MIN(128, sizeof k->keys - at), 0) < 0)
			g_error("no random numbers");
}

struct block_hash block_hash_of(const struct block_hash_keys *k, const uint32_t *pixels,
    unsigned stride, struct rectangle block)
{
	const uint32_t *row = pixels + (size_t)block.y * stride + block.x;
	uint32_t first = row[0] & VISIBLE, other = 0;
	const uint64_t *key = k->keys;
	unsigned __int128 sum =
	    (unsigned __int128)k->keys[BLOCK * BLOCK / 2] * (block.width << 8 | block.height);
	for (unsigned y = 0; y < block.height; y++, row += stride) {
		for (unsigned x = 0; x + 2 <= block.width; x += 2) {
			uint32_t a = row[x] & VISIBLE, b = row[x + 1] & VISIBLE;
			other |= (a ^ first) | (b ^ first);
			sum += (unsigned __int128)*key++ * ((uint64_t)a << 32 | b);
		}
		if (block.width & 1) {
			uint32_t a = row[block.width - 1] & VISIBLE;
			other |= a ^ first;
			sum += (unsigned __int128)*key++ * a;
		}
	}
	return (struct block_hash){((uint64_t)sum & ~(uint64_t)1) | !other, (uint64_t)(sum >> 64)};
}
