/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/folder.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"

bool folder_make(const char *path, GError **error)
{
	return !g_mkdir_with_parents(path, 0700) ||
	       qvmi_error_set_errno(error, errno, "cannot make the folder %s", path);
}

#define DELETING ".deleting-"

bool folder_is_being_deleted(const char *name)
{
	return g_str_has_prefix(name, DELETING);
}

static bool delete_in_place(const char *path, GError **error)
{
	GDir *dir = g_dir_open(path, 0, NULL);
	const char *name;
	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *file = g_build_filename(path, name, NULL);
		unlink(file);
	}
	if (dir)
		g_dir_close(dir);
	return !rmdir(path) || errno == ENOENT ||
	       qvmi_error_set_errno(error, errno, "cannot delete the folder %s", path);
}

bool folder_delete(const char *path, GError **error)
{
	g_autofree char *name = g_path_get_basename(path);
	g_autofree char *parent = g_path_get_dirname(path);
	g_autofree char *other = g_strconcat(parent, "/" DELETING, name, NULL);

	if (folder_is_being_deleted(name) || rename(path, other))
		return delete_in_place(path, error);
	if (delete_in_place(other, error))
		return true;
	rename(other, path);
	return false;
}

int folder_lock(const char *path, bool exclusive, GError **error)
{
	AUTO_FD fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && !flock(fd, (exclusive ? LOCK_EX : LOCK_SH) | LOCK_NB))
		return fd_steal(&fd);
	bool taken = fd >= 0 && errno == EWOULDBLOCK;
	g_set_error(error, QVMI_ERROR, taken ? QVMI_ERROR_CONFLICT : QVMI_ERROR_FAILED,
	    taken ? "%s is in use by another qvisord%s" : "cannot lock the folder %s: %s", path,
	    taken ? "" : g_strerror(errno));
	return -1;
}

uint64_t folder_free_mib(const char *path)
{
	struct statvfs status;
	return statvfs(path, &status) ? 0 : (uint64_t)status.f_bavail * status.f_frsize >> 20;
}
