/* SPDX-License-Identifier: MIT */
/*
 * Bounded reading and writing of big-endian integers in memory. A reader that runs out, and a
 * writer that is full, fail once and for all: everything read afterwards is 0, nothing more is
 * written, and one look at `failed` at the end is enough.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

struct mtp_reader {
	const uint8_t *bytes; /* what is left; borrowed */
	size_t size;
	bool failed;
};

static inline struct mtp_reader mtp_reader_of(const void *bytes, size_t size)
{
	return (struct mtp_reader){.bytes = bytes, .size = size};
}

/* The next `n` bytes, borrowed; NULL when there are not so many. */
static inline const uint8_t *mtp_read_bytes(struct mtp_reader *r, size_t n)
{
	if (r->failed || n > r->size) {
		r->failed = true;
		return NULL;
	}
	const uint8_t *bytes = r->bytes;
	r->bytes += n;
	r->size -= n;
	return bytes;
}

static inline uint64_t mtp_read_unsigned(struct mtp_reader *r, unsigned width)
{
	const uint8_t *bytes = mtp_read_bytes(r, width);
	uint64_t value = 0;
	for (unsigned i = 0; bytes && i < width; i++)
		value = value << 8 | bytes[i];
	return value;
}

static inline uint8_t mtp_read_u8(struct mtp_reader *r)
{
	return (uint8_t)mtp_read_unsigned(r, 1);
}

static inline uint16_t mtp_read_u16(struct mtp_reader *r)
{
	return (uint16_t)mtp_read_unsigned(r, 2);
}

static inline uint32_t mtp_read_u32(struct mtp_reader *r)
{
	return (uint32_t)mtp_read_unsigned(r, 4);
}

struct mtp_writer {
	uint8_t *bytes; /* borrowed, `capacity` of them */
	size_t capacity;
	size_t size; /* written so far */
	bool failed;
};

static inline struct mtp_writer mtp_writer_of(void *bytes, size_t capacity)
{
	return (struct mtp_writer){.bytes = bytes, .capacity = capacity};
}

/* Room for `n` bytes that the caller fills; NULL when there is not so much. */
static inline uint8_t *mtp_write_room(struct mtp_writer *w, size_t n)
{
	if (w->failed || n > w->capacity - w->size) {
		w->failed = true;
		return NULL;
	}
	uint8_t *bytes = w->bytes + w->size;
	w->size += n;
	return bytes;
}

static inline void mtp_write_bytes(struct mtp_writer *w, const void *bytes, size_t n)
{
	uint8_t *room = mtp_write_room(w, n);
	if (room && n)
		memcpy(room, bytes, n);
}

static inline void mtp_store_unsigned(uint8_t *bytes, uint64_t value, unsigned width)
{
	for (unsigned i = 0; i < width; i++)
		bytes[i] = (uint8_t)(value >> 8 * (width - 1 - i));
}

static inline void mtp_write_unsigned(struct mtp_writer *w, uint64_t value, unsigned width)
{
	uint8_t *room = mtp_write_room(w, width);
	if (room)
		mtp_store_unsigned(room, value, width);
}

static inline void mtp_write_u8(struct mtp_writer *w, uint8_t value)
{
	mtp_write_unsigned(w, value, 1);
}

static inline void mtp_write_u16(struct mtp_writer *w, uint16_t value)
{
	mtp_write_unsigned(w, value, 2);
}

static inline void mtp_write_u32(struct mtp_writer *w, uint32_t value)
{
	mtp_write_unsigned(w, value, 4);
}
