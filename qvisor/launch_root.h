/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The root file system of a jail, in a mount namespace that the caller has made. Plain C, root. */
#pragma once

#include <stdbool.h>

enum launch_root_use {
	LAUNCH_ROOT_READ,
	LAUNCH_ROOT_WRITE,
	LAUNCH_ROOT_RUN,
	LAUNCH_ROOT_PLACE, /* an empty file, for what may be mounted there later; no `fd` */
};

struct launch_root_file {
	int fd;           /* open on the file */
	const char *path; /* where it is, outside and inside: absolute, checked */
	enum launch_root_use use;
};

/* Makes a root with /usr and the devices that QEMU needs, read-only, the files, and `folder`, which
 * is empty but for those, and changes to it. Nothing else can be reached afterwards. NULL, or the
 * step that failed, with errno. */
const char *launch_root_enter(
    const char *folder, const struct launch_root_file *files, unsigned count);
