/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that a QEMU in a jail writes: given to its user, and brought into jails that are there
 * already. Plain C, root. */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

struct launch_options;

/* Opens PARENT/FOLDER/NAME (O_PATH) and makes it `owner`'s, qvisord's group keeping its way to it.
 * One that has another name elsewhere, or is somebody else's, is not given away: EACCES. Close-on-
 * exec, the caller's; -1 with errno, ENOENT: the folder has no such file. */
int launch_disk_open(const struct launch_options *options, const char *parent, const char *folder,
    const char *name, uid_t owner);
/* From now on the process finds that file, and nothing else, in `folder`, which there was. `pidfd`
 * is of the process, whose mount namespace is its own. False with errno. */
bool launch_disk_show(int pidfd, int fd, const char *folder, const char *name);
