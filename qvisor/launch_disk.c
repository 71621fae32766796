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

/* In a process of its own, as only one that shares its folders with nobody may enter. The folder is
 * covered, and not the file that is mounted in there: a mount goes with the file that it covers,
 * wherever that is removed. */
static int child_run(int pidfd, int tree, const char *folder, const char *name)
{
	const unsigned long flags = MS_NOSUID | MS_NODEV | MS_NOEXEC;
	const char *options = "mode=755,size=4k";
	if (setns(pidfd, CLONE_NEWNS) || mount("disk", folder, "tmpfs", flags, options) ||
	    chdir(folder) || mknod(name, S_IFREG, 0) ||
	    syscall(SYS_move_mount, tree, "", AT_FDCWD, name, MOVE_MOUNT_F_EMPTY_PATH) ||
	    mount(NULL, folder, NULL, MS_REMOUNT | MS_RDONLY | flags, options))
		return errno;
	return 0;
}

bool launch_disk_show(int pidfd, int fd, const char *folder, const char *name)
{
	int tree = (int)syscall(
	    SYS_open_tree, fd, "", AT_EMPTY_PATH | OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC);
	struct mount_attr flags = {
	    .attr_set = MOUNT_ATTR_NODEV | MOUNT_ATTR_NOEXEC | MOUNT_ATTR_NOSUID,
	    .propagation = MS_PRIVATE};
	if (tree < 0 ||
	    syscall(SYS_mount_setattr, tree, "", AT_EMPTY_PATH, &flags, sizeof(flags))) {
		if (tree >= 0)
			close(tree);
		return false;
	}
	volatile int why = ECHILD; /* CLONE_VM: the child says it here */
	pid_t pid = vfork();
	if (pid == 0) {
		why = child_run(pidfd, tree, folder, name);
		_exit(0);
	}
	if (pid < 0)
		why = errno;
	close(tree);
	errno = why;
	return why == 0;
}
