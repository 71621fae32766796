/* SPDX-License-Identifier: MIT */
/*
 * The checksum of the tiles of a stream's updates, by which both sides know that they are in step
 * (PROTOCOL.md, "Coming back"). Against mistakes, not against liars. Pure.
 */
#pragma once

#include <stddef.h>
#include <stdint.h>

/* Of all tiles so far, `sum` (0 at first), and `n` more bytes. Below 2^63. */
uint64_t mtp_checksum(uint64_t sum, const uint8_t *bytes, size_t n);
