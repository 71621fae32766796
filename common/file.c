/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"

static bool fail(GError **error, int number, const char *doing, const char *path)
{
	qvmi_error_set_errno(error, number, "cannot %s %s", doing, path);
	if (error && number == ENOENT)
		(*error)->code = QVMI_ERROR_NOT_FOUND;
	if (error && (number == EACCES || number == EPERM))
		(*error)->code = QVMI_ERROR_DENIED;
	return false;
}

char *file_load(const char *path, size_t max, size_t *n, GError **error)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	if (fd < 0) {
		fail(error, errno, "read", path);
		return NULL;
	}
	/* Not by st_size: it is 0 in /proc, and the file may grow while it is read. */
	g_autoptr(GByteArray) bytes = g_byte_array_new();
	for (;;) {
		guint8 piece[16384];
		ssize_t got = read(fd, piece, sizeof(piece));
		if (got < 0 && errno == EINTR)
			continue;
		if (got < 0) {
			fail(error, errno, "read", path);
			return NULL;
		}
		if (got == 0)
			break;
		if (bytes->len + (size_t)got > max) {
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_TOO_LARGE,
			    "%s is longer than %zu bytes", path, max);
			return NULL;
		}
		g_byte_array_append(bytes, piece, got);
	}
	if (n)
		*n = bytes->len;
	g_byte_array_append(bytes, (const guint8 *)"", 1);
	return (char *)g_byte_array_free(g_steal_pointer(&bytes), FALSE);
}

static bool write_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t sent = write(fd, bytes, n);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0)
			return false;
		bytes += sent;
		n -= sent;
	}
	return true;
}

bool file_store(const char *path, const void *bytes, size_t n, int mode, GError **error)
{
	g_autofree char *temporary = g_strdup_printf("%s.XXXXXX", path);
	g_autofree char *folder = g_path_get_dirname(path);
	AUTO_FD fd = g_mkstemp_full(temporary, O_RDWR | O_CLOEXEC, 0600);
	if (fd < 0)
		return fail(error, errno, "write", path);

	if (!write_all(fd, bytes, n) || fchmod(fd, mode) < 0 || fsync(fd) < 0 ||
	    rename(temporary, path) < 0) {
		int number = errno;
		unlink(temporary);
		return fail(error, number, "write", path);
	}
	AUTO_FD folder_fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder_fd < 0 || fsync(folder_fd) < 0)
		return fail(error, errno, "sync", folder);
	return true;
}

bool file_make_folder(const char *path, GError **error)
{
	if (g_mkdir_with_parents(path, 0700) < 0)
		return fail(error, errno, "make the folder", path);
	return true;
}
