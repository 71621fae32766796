/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/launch_disk.h"

#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <stdio.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "qvisor/launch_jail.h"

static bool may_be_given(const struct launch_options *options, int fd)
{
	struct stat status;
	errno = EACCES;
	return !fstat(fd, &status) && S_ISREG(status.st_mode) && status.st_nlink == 1 &&
	       (status.st_uid == options->daemon_uid ||
	           launch_users_have(&options->users, status.st_uid));
}

static bool give(const struct launch_options *options, int fd, uid_t owner)
{
	char opened[64];
	snprintf(opened, sizeof(opened), "/proc/self/fd/%d", fd);
	return !fchownat(fd, "", owner, options->daemon_gid, AT_EMPTY_PATH) && !chmod(opened, 0660);
}

int launch_disk_open(const struct launch_options *options, const char *parent, const char *folder,
    const char *name, uid_t owner)
{
	int above = open(parent, O_PATH | O_DIRECTORY | O_CLOEXEC);
	int inside = openat(above, folder, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	int fd = inside < 0 ? -1 : openat(inside, name, O_PATH | O_NOFOLLOW | O_CLOEXEC);
	int why = inside < 0 && errno == ENOENT ? ENOTDIR : errno;
	if (above >= 0)
		close(above);
	if (inside >= 0)
		close(inside);
	if (fd >= 0 && (!may_be_given(options, fd) || !give(options, fd, owner))) {
		why = errno;
		close(fd);
		fd = -1;
	}
	errno = why;
	return fd;
}

/* --- */

/* A mount of that file, in no namespace as yet. */
static int tree_of(int fd)
{
	struct mount_attr flags = {
	    .attr_set = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSUID,
	    .propagation = MS_PRIVATE};
	int tree = (int)syscall(
	    SYS_open_tree, fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	if (tree < 0 || !syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &flags, sizeof(flags)))
		return tree;
	close(tree);
	return -1;
}

static bool attach(int tree, const char *place)
{
	return !syscall(SYS_move_mount, tree, "", AT_FDCWD, place, MOVE_MOUNT_F_EMPTY_PATH);
}

/* The folder is covered, and not the file that is mounted in there: a mount goes with the file that
 * it covers, wherever that is removed. */
static bool cover(const struct launch_shown *shown, int tree)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	const char *options = "mode=755,size=4k";
	return !mount("disk", shown->folder, "tmpfs", flags, options) && !chdir(shown->folder) &&
	       !mknod(shown->name, S_IFREG, 0) && attach(tree, shown->name) &&
	       !mount(NULL, shown->folder, NULL, MS_REMOUNT | MS_RDONLY | flags, options);
}

/* In a process of its own, as only one that shares its folders with nobody may enter. */
static int child_run(const struct launch_shown *shown, int disk, int pagemap)
{
	if (setns(shown->pidfd, CLONE_NEWNS) || !attach(pagemap, shown->place) ||
	    (shown->disk >= 0 && !cover(shown, disk)))
		return errno;
	return 0;
}

bool launch_disk_show(const struct launch_shown *shown)
{
	int disk = shown->disk < 0 ? -1 : tree_of(shown->disk), pagemap = tree_of(shown->pagemap);
	volatile int why = errno; /* the child, which shares our memory, says it here */
	if (pagemap >= 0 && (shown->disk < 0 || disk >= 0)) {
		pid_t pid = vfork();
		if (pid == 0) {
			why = child_run(shown, disk, pagemap);
			_exit(0);
		}
		if (pid < 0)
			why = errno;
	}
	if (disk >= 0)
		close(disk);
	if (pagemap >= 0)
		close(pagemap);
	errno = why;
	return why == 0;
}
