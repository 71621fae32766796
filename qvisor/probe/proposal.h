/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The manifest (qvisor/manifest.h) for an image: machine, devices and files, chosen by what was
 * found, with data-centre devices in place of the phone's own. */
#pragma once

#include <json-glib/json-glib.h>

#include "qvisor/probe/findings.h"

/* What the host affords and the caller wishes. */
struct proposal_wish {
	const char *name;   /* of the template; NULL: the system's */
	const char *append; /* to the kernel's command line; NULL: nothing */
	unsigned memory_mib, cpus, width, height;
};

/* Files that the manifest needs and that are inside others: to be written beside it. */
struct proposal_files {
	int kernel, ramdisk; /* descriptors to write to; closed by nobody here */
	bool kernel_written, ramdisk_written;
};

#define PROPOSAL_KERNEL "kernel"
#define PROPOSAL_RAMDISK "ramdisk"

/* Files of the image are their numbers, not paths. NULL: there can be none; `error` says why.
 * Caller unrefs. */
JsonObject *proposal_make(const struct image *image, const struct findings *findings,
    const struct proposal_wish *wish, struct proposal_files *files, GError **error);
