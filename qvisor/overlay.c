/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/overlay.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/big_endian.h"
#include "common/cleanup.h"
#include "common/error.h"

#define CLUSTER_BITS 16
#define CLUSTER (1U << CLUSTER_BITS)
#define MAGIC 0x514649fbU /* "QFI\xfb" */
#define HEADER_LENGTH 104
#define INCOMPATIBLE_DIRTY 1U /* refcounts are to be checked: QEMU does that */
#define EXTENSION_BACKING_FORMAT 0xe2792acaU
/* Cluster 0 holds header, extensions and the backing file's name; 1 the refcount table, 2 its first
 * block, 3 and on the L1 table. */
#define L1_CLUSTER 3

/* The end-of-extensions mark behind it is eight zero bytes. */
static void put_extension(uint8_t *at, const char *format)
{
	big_endian_put32(at, EXTENSION_BACKING_FORMAT);
	big_endian_put32(at + 4, strlen(format));
	memcpy(at + 8, format, strlen(format) + 1);
}

static size_t write_header(uint8_t *header, const char *backing, const char *format,
    uint64_t virtual_size, uint32_t l1_entries)
{
	size_t name_length = strlen(backing), format_length = strlen(format);
	size_t extension = HEADER_LENGTH,
	       name = extension + 8 + ((format_length + 7) & ~(size_t)7) + 8;
	big_endian_put32(header + 0, MAGIC);
	big_endian_put32(header + 4, 3);
	big_endian_put64(header + 8, name);
	big_endian_put32(header + 16, name_length);
	big_endian_put32(header + 20, CLUSTER_BITS);
	big_endian_put64(header + 24, virtual_size);
	big_endian_put32(header + 36, l1_entries);
	big_endian_put64(header + 40, (uint64_t)L1_CLUSTER * CLUSTER);
	big_endian_put64(header + 48, CLUSTER); /* refcount table */
	big_endian_put32(header + 56, 1);       /* of one cluster */
	big_endian_put32(header + 96, 4);       /* refcounts of 16 bits */
	big_endian_put32(header + 100, HEADER_LENGTH);
	put_extension(header + extension, format);
	memcpy(header + name, backing, name_length);
	return name + name_length;
}

static bool write_all(int fd, const uint8_t *bytes, size_t n)
{
	while (n) {
		ssize_t written = write(fd, bytes, n);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return false;
		bytes += written;
		n -= written;
	}
	return true;
}

bool overlay_create(const char *path, const char *backing, const char *format,
    uint64_t virtual_size, GError **error)
{
	/* An L2 table fills a cluster with 8-byte entries, each for one cluster. */
	uint64_t per_l1_entry = (uint64_t)CLUSTER * (CLUSTER / 8);
	uint64_t l1_entries = virtual_size / per_l1_entry + (virtual_size % per_l1_entry != 0);
	uint64_t l1_clusters = (MAX(l1_entries, 1) * 8 + CLUSTER - 1) / CLUSTER;
	if (virtual_size == 0 || virtual_size % 512 || l1_clusters > 64 || strlen(backing) > 1023) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "cannot make a disk of %" G_GUINT64_FORMAT " bytes on top of %s", virtual_size,
		    backing);
		return false;
	}
	size_t size = (L1_CLUSTER + l1_clusters) * CLUSTER;
	g_autofree uint8_t *image = g_malloc0(size);
	write_header(image, backing, format, virtual_size, l1_entries);
	big_endian_put64(image + CLUSTER, 2ULL * CLUSTER);
	for (unsigned i = 0; i < L1_CLUSTER + l1_clusters; i++)
		image[2 * CLUSTER + 2 * i + 1] = 1; /* big-endian 16 bits: used once */

	AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd >= 0 && write_all(fd, image, size))
		return true;
	int why = errno;
	if (fd >= 0)
		unlink(path);
	return qvmi_error_set_errno(error, why, "cannot write %s", path);
}

/* --- an overlay that comes from elsewhere --- */

static bool check_header(const uint8_t *cluster, size_t n)
{
	return n == CLUSTER && big_endian_get32(cluster) == MAGIC &&
	       big_endian_get32(cluster + 4) == 3 &&
	       big_endian_get32(cluster + 20) == CLUSTER_BITS &&
	       !big_endian_get32(cluster + 32) /* not encrypted */ &&
	       !(big_endian_get64(cluster + 72) & ~(uint64_t)INCOMPATIBLE_DIRTY) &&
	       big_endian_get32(cluster + 100) >= HEADER_LENGTH &&
	       big_endian_get32(cluster + 100) % 8 == 0 &&
	       big_endian_get32(cluster + 100) <= CLUSTER / 2;
}

/* Header extensions, and the name behind them, written anew with what every one of ours has. */
bool overlay_rebase(
    uint8_t *cluster, size_t n, const char *backing, const char *format, GError **error)
{
	size_t name_length = strlen(backing), format_length = strlen(format);
	if (!check_header(cluster, n) || name_length > 1023 || format_length > 16) {
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_CORRUPT,
		    "the overlay is not as overlays are made here");
		return false;
	}
	size_t extension = big_endian_get32(cluster + 100);
	size_t name = extension + 8 + ((format_length + 7) & ~(size_t)7) + 8;
	memset(cluster + extension, 0, CLUSTER - extension);
	memset(cluster + 88, 0, 8); /* autoclear features: what they are about is gone */
	put_extension(cluster + extension, format);
	memcpy(cluster + name, backing, name_length + 1);
	big_endian_put64(cluster + 8, name);
	big_endian_put32(cluster + 16, name_length);
	return true;
}

uint64_t overlay_virtual_size(const char *path, const char **format, GError **error)
{
	uint8_t header[32];
	struct stat status;
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 || fstat(fd, &status) ? -1 : pread(fd, header, sizeof(header), 0);
	if (n < 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "cannot read the disk %s: %s",
		    path, g_strerror(errno));
		return 0;
	}
	uint32_t magic;
	uint64_t size;
	memcpy(&magic, header, sizeof(magic));
	memcpy(&size, header + 24, sizeof(size));
	bool qcow2 = n == sizeof(header) && GUINT32_FROM_BE(magic) == MAGIC;
	size = qcow2 ? GUINT64_FROM_BE(size) : (uint64_t)status.st_size;
	*format = qcow2 ? "qcow2" : "raw";
	if (size == 0 || size % 512) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "the disk %s has %" G_GUINT64_FORMAT " bytes; a disk is whole sectors of 512",
		    path, size);
		return 0;
	}
	return size;
}
