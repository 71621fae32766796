/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recorded session of a phone's screen: a folder of `<milliseconds>.ppm`, one a changed frame.
 * Other files in the folder are left alone. Pictures are read one at a time.
 */
#pragma once

#include "bench/screen/ppm.h"
#include "common/cleanup.h"

struct recording_frame {
	uint64_t ms;
	char *path;
};

struct recording {
	struct recording_frame *frames; /* in the order of time; at least one */
	size_t n;
};

/* QVMI_ERROR_INVALID: no picture in there, a picture whose name is no number, or two of one time.
 */
struct recording *recording_open(const char *folder, GError **error);
void recording_free(struct recording *recording);

DEFINE_CLEANUP(recording);
