/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which size the phone's own screen should have: that of the terminal that drives it, so that
 * nothing has to be scaled, within bounds; the phone's own again when it has left. A terminal that
 * changes all the time gets what it wanted last. A guest that does not follow is not asked twice.
 * No I/O; times in microseconds are told. One thread.
 */
#pragma once

#include "mtp/messages.h"

#define GUEST_MODE_NEVER INT64_MAX
#define GUEST_MODE_SIDE_MIN 320         /* less is no phone */
#define GUEST_MODE_SIDE_MAX 4095        /* of an EDID's timing */
#define GUEST_MODE_SETTLE_US 200000     /* since the terminal changed last */
#define GUEST_MODE_INTERVAL_US 2000000  /* between two changes */
#define GUEST_MODE_RETURN_US (10000000) /* since it left: it may only have been cut off */

struct guest_mode_size {
	unsigned width, height;
	unsigned dpi; /* 0: not known */
};

struct guest_mode {
	struct guest_mode_size own, wanted, asked;
	unsigned max_pixels;
	bool has_asked;
	int64_t asked_us, due_us;
};

/* The phone's own size; how many pixels it may have at most, 0: it keeps its own. */
void guest_mode_init(struct guest_mode *mode, unsigned width, unsigned height, unsigned max_pixels);
/* The screen has this size now. */
void guest_mode_shown(struct guest_mode *mode, unsigned width, unsigned height, int64_t now);
/* This terminal drives; NULL: nobody does. One that does not ask for it
 * has the phone keep its own. */
void guest_mode_follow(struct guest_mode *mode, const struct mtp_terminal *terminal, int64_t now);
/* When guest_mode_run() has to be called; GUEST_MODE_NEVER: not before something is told. */
int64_t guest_mode_due(const struct guest_mode *mode);
/* True: the guest is to be asked for *size. */
bool guest_mode_run(struct guest_mode *mode, int64_t now, struct guest_mode_size *size);
