/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/phone_key.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

#include "common/error.h"
#include "qvisor/secret_memory.h"

static bool make(const char *path, uint8_t *key, GError **error)
{
	g_autofree char *part = g_strconcat(path, ".part", NULL);
	if (getrandom(key, SEALED_KEY_SIZE, 0) != SEALED_KEY_SIZE)
		g_error("getrandom(2) gives nothing");
	AUTO_FD fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	errno = fd < 0 ? errno : ENOSPC; /* a short write sets none */
	if (fd >= 0 && write(fd, key, SEALED_KEY_SIZE) == SEALED_KEY_SIZE && !fsync(fd) &&
	    !rename(part, path))
		return true;
	qvmi_error_set_errno(error, errno, "cannot write the key %s", path);
	unlink(part);
	return false;
}

static bool load(const char *path, uint8_t *key, GError **error)
{
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return make(path, key, error);
	errno = fd < 0 ? errno : EIO; /* a short read sets none */
	return (fd >= 0 && read(fd, key, SEALED_KEY_SIZE) == SEALED_KEY_SIZE) ||
	       qvmi_error_set_errno(error, errno, "cannot read the key %s", path);
}

uint8_t *phone_key_load(const char *folder, GError **error)
{
	g_autofree char *path = g_build_filename(folder, "key", NULL);
	uint8_t *key = secret_new(SEALED_KEY_SIZE);
	if (load(path, key, error))
		return key;
	secret_free(key);
	return NULL;
}

bool phone_key_destroy(const char *folder, GError **error)
{
	static const uint8_t nothing[SEALED_KEY_SIZE];
	g_autofree char *path = g_build_filename(folder, "key", NULL);
	AUTO_FD fd = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 && errno == ENOENT)
		return true;
	errno = fd < 0 ? errno : EIO;
	return (fd >= 0 && write(fd, nothing, sizeof(nothing)) == sizeof(nothing) &&
	           !fdatasync(fd) && !unlink(path)) ||
	       qvmi_error_set_errno(error, errno, "cannot destroy the key %s", path);
}
