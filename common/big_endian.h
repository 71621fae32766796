/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Big-endian numbers at any address, as file formats and wires have them. Bounds are the caller's.
 */
#pragma once

#include <glib.h>
#include <stdint.h>
#include <string.h>

static inline uint32_t big_endian_get32(const uint8_t *at)
{
	uint32_t value;
	memcpy(&value, at, sizeof(value));
	return GUINT32_FROM_BE(value);
}

static inline uint64_t big_endian_get64(const uint8_t *at)
{
	uint64_t value;
	memcpy(&value, at, sizeof(value));
	return GUINT64_FROM_BE(value);
}

static inline void big_endian_put32(uint8_t *at, uint32_t value)
{
	value = GUINT32_TO_BE(value);
	memcpy(at, &value, sizeof(value));
}

static inline void big_endian_put64(uint8_t *at, uint64_t value)
{
	value = GUINT64_TO_BE(value);
	memcpy(at, &value, sizeof(value));
}
