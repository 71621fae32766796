/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/launch_root.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "qvisor/launch_request.h"

/* Where it is put together: a folder that every system has. */
#define ROOT "/run"

/* Makes the folders above ROOT's `path`, and an empty file or folder there. */
static bool make_place(const char *path, bool folder)
{
	char place[sizeof(ROOT) + LAUNCH_PATH_MAX];
	snprintf(place, sizeof(place), ROOT "%s", path);
	for (char *slash = place + sizeof(ROOT); (slash = strchr(slash, '/')); slash++) {
		*slash = 0;
		if (mkdir(place, 0755) && errno != EEXIST)
			return false;
		*slash = '/';
	}
	if (folder)
		return !mkdir(place, 0755);
	return !mknod(place, S_IFREG | 0444, 0) || errno == EEXIST;
}

/* What `fd` is open on becomes visible at `path`. A bind mount takes its flags in a second step. */
static bool bind_file(int fd, const char *path, bool folder, unsigned long flags)
{
	char from[64], to[sizeof(ROOT) + LAUNCH_PATH_MAX];
	snprintf(from, sizeof(from), "/proc/self/fd/%d", fd);
	snprintf(to, sizeof(to), ROOT "%s", path);
	return make_place(path, folder) && !mount(from, to, NULL, MS_BIND, NULL) &&
	       !mount(NULL, to, NULL, MS_REMOUNT | MS_BIND | MS_NOSUID | flags, NULL);
}

static bool bind_devices(const int *fds, const char *const *paths, unsigned count)
{
	for (unsigned i = 0; i < count; i++)
		if (fds[i] >= 0 && !bind_file(fds[i], paths[i], false, MS_NOEXEC))
			return false;
	return true;
}

static unsigned long flags_of(enum launch_root_use use)
{
	return MS_NODEV | (use == LAUNCH_ROOT_RUN ? 0 : MS_NOEXEC) |
	       (use == LAUNCH_ROOT_WRITE ? 0 : MS_RDONLY);
}

static bool add(const struct launch_root_file *file)
{
	if (file->use == LAUNCH_ROOT_PLACE)
		return make_place(file->path, false);
	return bind_file(file->fd, file->path, false, flags_of(file->use));
}

static const char *build(const char *folder, const struct launch_root_file *files, unsigned count)
{
	static const char *const devices[] = {"/dev/null", "/dev/zero", "/dev/urandom", "/dev/kvm"};
	int usr = open("/usr", O_PATH | O_DIRECTORY | O_CLOEXEC), fds[4];
	for (unsigned i = 0; i < 4; i++)
		fds[i] = open(devices[i], O_PATH | O_CLOEXEC);
	if (mount("root", ROOT, "tmpfs", MS_NOSUID | MS_NODEV | MS_NOEXEC, "mode=755,size=1m"))
		return "a new root";
	if (!bind_file(usr, "/usr", true, MS_RDONLY | MS_NODEV))
		return "/usr";
	/* A merged /usr, as Debian has it. */
	if (symlink("usr/lib", ROOT "/lib") || symlink("usr/lib64", ROOT "/lib64"))
		return "/lib";
	if (!bind_devices(fds, devices, 4))
		return "the devices";
	if (!make_place(folder, true))
		return folder;
	for (unsigned i = 0; i < count; i++)
		if (!add(&files[i]))
			return files[i].path;
	return NULL;
}

const char *launch_root_enter(
    const char *folder, const struct launch_root_file *files, unsigned count)
{
	umask(022); /* its user goes through what we make */
	/* First of all: nothing that is mounted here is to be seen outside. */
	if (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL))
		return "a private mount namespace";
	const char *failed = build(folder, files, count);
	if (failed)
		return failed;
	if (mount(NULL, ROOT, NULL, MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC,
	        "mode=755,size=1m"))
		return "a read-only root";
	/* pivot_root(2): "." on "." stacks the old root on the new one, from where it is taken. */
	if (chdir(ROOT) || syscall(SYS_pivot_root, ".", ".") || umount2(".", MNT_DETACH) ||
	    chdir("/"))
		return "the change of root";
	return NULL;
}
