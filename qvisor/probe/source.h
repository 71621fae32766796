/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes that can be read anywhere: a file, a partition of it, what a disk format unfolds to. Each
 * layer reads from the one below, which it borrows; nothing is copied to the disk. What is in them
 * is hostile: a read beyond the end fails, and so does one of more than SOURCE_READ_MAX.
 *
 * The formats return NULL with error when the source says that it is of their kind and is damaged
 * or needs what we do not do; NULL without error when it is of another kind.
 */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"

#define SPARSE_MAGIC 0xed26ff3a
#define SOURCE_READ_MAX (512u << 20)

struct source {
	uint64_t size;
	bool (*read)(struct source *source, uint64_t at, void *buffer, size_t n);
	void (*free)(struct source *source);
};

/* `fd` is borrowed. */
struct source *source_of_file(int fd, uint64_t size);
/* A piece of `parent`; cut off where that ends. */
struct source *source_slice(struct source *parent, uint64_t at, uint64_t size);
struct source *source_of_bytes(GBytes *bytes);
void source_free(struct source *source);

bool source_read(struct source *source, uint64_t at, void *buffer, size_t n);
/* All or NULL. */
GBytes *source_bytes(struct source *source, uint64_t at, uint64_t n);

/* qcow2 (QEMU docs/interop/qcow2.rst) without backing file, data file or encryption. */
struct source *source_of_qcow2(struct source *parent, GError **error);
/* Android's sparse images (AOSP system/core/libsparse/sparse_format.h). */
struct source *source_of_sparse(struct source *parent, GError **error);

/* Little and big end first, of any alignment. */
static inline uint32_t load_le32(const uint8_t *p)
{
	return p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
}
static inline uint16_t load_le16(const uint8_t *p)
{
	return (uint16_t)(p[0] | p[1] << 8);
}
static inline uint64_t load_le64(const uint8_t *p)
{
	return load_le32(p) | (uint64_t)load_le32(p + 4) << 32;
}
static inline uint32_t load_be32(const uint8_t *p)
{
	return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}
static inline uint64_t load_be64(const uint8_t *p)
{
	return (uint64_t)load_be32(p) << 32 | load_be32(p + 4);
}

DEFINE_CLEANUP(source);
