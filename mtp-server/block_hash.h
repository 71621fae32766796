/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * 128 bits that stand for what a block shows. Sums of products with secret random keys (multilinear
 * hashing: D. Lemire, O. Kaser, "Strongly universal string hashing is fast", 2014): two blocks that
 * differ collide with a probability of 2^-64, whoever chose them, because the guest sees neither
 * keys nor hashes. Pure.
 */
#pragma once

#include "mtp-server/blocks.h"

/* All 0: of nothing. */
struct block_hash {
	uint64_t low, high; /* bit 0 of low: the block has one colour */
};

struct block_hash_keys {
	uint64_t keys[BLOCK * BLOCK / 2 + 1];
};

/* New ones. */
void block_hash_keys_init(struct block_hash_keys *keys);
/* Of the block's visible bits; `stride` in pixels. */
struct block_hash block_hash_of(const struct block_hash_keys *keys, const uint32_t *pixels,
    unsigned stride, struct rectangle block);

static inline bool block_hash_is_equal(struct block_hash a, struct block_hash b)
{
	return a.low == b.low && a.high == b.high;
}
static inline bool block_hash_is_plain(struct block_hash h)
{
	return h.low & 1;
}
static inline bool block_hash_is_none(struct block_hash h)
{
	return !h.low && !h.high;
}
