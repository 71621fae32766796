/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Frames of a recording (bench/screen/recording.h) in memory, to be shown over and over. */
#pragma once

#include <glib.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/screen/ppm.h"
#include "common/cleanup.h"

#define FRAMES_MAX 100 /* the others are left out */

struct frames {
	struct ppm ppms[FRAMES_MAX];
	size_t n;
	unsigned width, height;
};

/* QVMI_ERROR_INVALID: they have not all one size, or a stamp (stamp.h) has no room in it. */
struct frames *frames_open(const char *folder, GError **error);
void frames_free(struct frames *frames);

/* Any number; the last is followed by the first. Pixels are 0x00RRGGBB. */
void frames_draw(const struct frames *frames, size_t which, uint32_t *pixels);

DEFINE_CLEANUP(frames);
