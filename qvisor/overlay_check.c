/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/overlay_check.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/big_endian.h"
#include "common/cleanup.h"
#include "common/error.h"

#define MAGIC 0x514649fbU
#define HEADER_SIZE 104
#define CLUSTER_BITS_MIN 9
#define CLUSTER_BITS_MAX 21
#define L1_MAX (4U << 20) /* entries; QEMU's own bound is 32 MiB of them */
#define OFFSET_MASK 0x00fffffffffffe00ULL
#define COMPRESSED (1ULL << 62)

struct image {
	int fd;
	uint64_t size; /* of the file */
	unsigned cluster_bits;
};

static bool broken(const char *what, GError **error)
{
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_CORRUPT, what);
	return false;
}

/* A table of `entries` 8-byte entries. NULL with error when it is not all there. */
static uint8_t *read_table(
    const struct image *image, uint64_t offset, uint64_t entries, GError **error)
{
	uint64_t n = entries * 8;
	if (offset > image->size || n > image->size - offset) {
		broken("a mapping table lies behind its end", error);
		return NULL;
	}
	g_autofree uint8_t *table = g_malloc(MAX(n, 1));
	if (pread(image->fd, table, n, (off_t)offset) == (ssize_t)n)
		return g_steal_pointer(&table);
	broken("a mapping table cannot be read", error);
	return NULL;
}

static bool check_l2(const struct image *image, uint64_t offset, GError **error)
{
	uint64_t entries = 1ULL << (image->cluster_bits - 3);
	g_autofree uint8_t *table = read_table(image, offset, entries, error);
	for (uint64_t i = 0; table && i < entries; i++) {
		uint64_t entry = big_endian_get64(table + 8 * i);
		if (!(entry & COMPRESSED) && (entry & OFFSET_MASK) >= image->size)
			return broken("data lies behind its end", error);
	}
	return table;
}

static bool check_image(struct image *image, const uint8_t *header, GError **error)
{
	uint32_t l1_entries = big_endian_get32(header + 36);
	image->cluster_bits = big_endian_get32(header + 20);
	if (big_endian_get32(header) != MAGIC || big_endian_get32(header + 4) != 3)
		return broken("it is no qcow2 image of version 3", error);
	if (image->cluster_bits < CLUSTER_BITS_MIN || image->cluster_bits > CLUSTER_BITS_MAX ||
	    l1_entries > L1_MAX)
		return broken("its header is damaged", error);
	uint64_t refcounts = (uint64_t)big_endian_get32(header + 56) << (image->cluster_bits - 3);
	if (refcounts > L1_MAX)
		return broken("its header is damaged", error);
	g_autofree uint8_t *counts =
	    read_table(image, big_endian_get64(header + 48), refcounts, error);
	g_autofree uint8_t *l1 =
	    counts ? read_table(image, big_endian_get64(header + 40), l1_entries, error) : NULL;
	for (uint32_t i = 0; l1 && i < l1_entries; i++) {
		uint64_t offset = big_endian_get64(l1 + 8ULL * i) & OFFSET_MASK;
		if (offset && !check_l2(image, offset, error))
			return false;
	}
	return l1;
}

bool overlay_check(const char *path, GError **error)
{
	uint8_t header[HEADER_SIZE];
	struct stat status;
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || fstat(fd, &status)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "cannot read the disk %s: %s",
		    path, g_strerror(errno));
		return false;
	}
	struct image image = {.fd = fd, .size = (uint64_t)status.st_size};
	bool whole = pread(fd, header, sizeof(header), 0) == sizeof(header)
	                 ? check_image(&image, header, error)
	                 : broken("its header is not all there", error);
	if (!whole)
		g_prefix_error(error, "the disk %s is damaged and is not booted from: ", path);
	return whole;
}
