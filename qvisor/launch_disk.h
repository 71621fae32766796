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
/* What a process that is in a jail already finds from now on. */
struct launch_shown {
	int pidfd; /* of it; its mount namespace is its own */
	/* In `folder`, which there was, nothing but this file; -1: it stays as it is. */
	int disk;
	const char *folder, *name;
	/* At `place`, which there was, proc(5)'s pagemap of it. */
	int pagemap;
	const char *place;
};

/* False with errno. */
bool launch_disk_show(const struct launch_shown *shown);
