/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is encoded: a recording of a phone's screen (bench/screen/recording.h), or what a shell does
 * with photographs, made from JPEG files at 720x1440.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "bench/screen/recording.h"

struct sequence {
	const char *name;
	unsigned width, height, frames;
	struct recording *recording; /* or else: */
	struct ppm photographs[2];   /* at least as large as a frame */
	void (*draw)(const struct sequence *sequence, unsigned n, uint32_t *pixels);
};

/* "pan", "zoom", "crossfade", "swipe". */
#define SEQUENCE_KINDS 4
bool sequence_init_drawn(
    struct sequence *sequence, unsigned kind, char *const paths[2], GError **error);
bool sequence_init_recorded(struct sequence *sequence, const char *folder, GError **error);
void sequence_finish(struct sequence *sequence);
/* Frame `n` as 0x00RRGGBB, width * height of them. */
bool sequence_frame(const struct sequence *sequence, unsigned n, uint32_t *pixels, GError **error);
