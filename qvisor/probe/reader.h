/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The confined process that reads an image, and what it answers. */
#pragma once

#include <json-glib/json-glib.h>

#include "qvisor/probe/proposal.h"

struct reader_file {
	char *path; /* absolute */
	int fd;
	uint64_t size;
};

struct reader {
	struct reader_file files[IMAGE_INPUTS_MAX];
	unsigned count;
};

/* Opens a file, or those of a folder. */
bool reader_open(struct reader *reader, const char *path, GError **error);
/* The report; with "manifest" (files by their paths) or "no_manifest". A kernel or initial RAM disk
 * that is inside of a file is written into `folder`; NULL: nowhere. Blocks. Caller unrefs. */
JsonObject *reader_run(const struct reader *reader, const struct proposal_wish *wish,
    const char *folder, GError **error);
void reader_finish(struct reader *reader);
