/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/checksum.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"

static bool is_zero(const uint8_t *bytes, size_t n)
{
	return n == 0 || (bytes[0] == 0 && !memcmp(bytes, bytes + 1, n - 1));
}

static void update_number(EVP_MD_CTX *sha, uint64_t number)
{
	number = GUINT64_TO_LE(number);
	EVP_DigestUpdate(sha, &number, sizeof(number));
}

/* Fills the block as far as the file goes: bytes read, or -1. */
static ssize_t read_block(int fd, uint8_t *block, off_t offset)
{
	size_t have = 0;
	while (have < CHECKSUM_BLOCK) {
		ssize_t n = pread(fd, block + have, CHECKSUM_BLOCK - have, offset + have);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -1;
		if (n == 0)
			break;
		have += n;
	}
	return have;
}

static bool hash(EVP_MD_CTX *sha, int fd, off_t size, GCancellable *cancellable)
{
	g_autofree uint8_t *block = g_malloc(CHECKSUM_BLOCK);
	for (off_t offset = 0; offset < size;) {
		off_t data = lseek(fd, offset, SEEK_DATA);
		if (data < 0 && errno == ENXIO)
			break; /* a hole up to the end */
		if (data < 0)
			data = offset; /* a file system without SEEK_DATA: everything is data */
		offset = data - data % CHECKSUM_BLOCK;
		ssize_t n = read_block(fd, block, offset);
		if (n < 0 || g_cancellable_is_cancelled(cancellable))
			return false;
		if (n == 0)
			break; /* it shrinks: the size will not match */
		if (!is_zero(block, n)) {
			update_number(sha, offset / CHECKSUM_BLOCK);
			EVP_DigestUpdate(sha, block, n);
		}
		offset += n;
	}
	update_number(sha, size);
	return true;
}

char *checksum_file(const char *path, GCancellable *cancellable, GError **error)
{
	struct stat status;
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status)) {
		g_set_error(error, QVMI_ERROR,
		    errno == ENOENT ? QVMI_ERROR_NOT_FOUND : QVMI_ERROR_FAILED,
		    "cannot read %s: %s", path, g_strerror(errno));
		return NULL;
	}
	EVP_MD_CTX *sha = EVP_MD_CTX_new();
	uint8_t digest[EVP_MAX_MD_SIZE];
	unsigned n = 0;
	EVP_DigestInit_ex(sha, EVP_sha256(), NULL);
	bool ok = hash(sha, fd, status.st_size, cancellable);
	int why = errno;
	EVP_DigestFinal_ex(sha, digest, &n);
	EVP_MD_CTX_free(sha);
	if (!ok) {
		if (g_cancellable_is_cancelled(cancellable))
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_CANCELLED, "cancelled");
		else
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot read %s: %s",
			    path, g_strerror(why));
		return NULL;
	}
	GString *hex = g_string_sized_new(2 * n);
	for (unsigned i = 0; i < n; i++)
		g_string_append_printf(hex, "%02x", digest[i]);
	return g_string_free(hex, FALSE);
}
