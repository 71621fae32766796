/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How old what a terminal shows is: for each frame that the phone drew, the time until the terminal
 * showed that frame or a newer one. Frames that newer ones overtook count, as a person's wait does.
 * Times in microseconds, told. One thread.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

struct frame_age {
	GArray *drawn; /* int64_t: when frames were drawn */
	GArray *ages;  /* int64_t: of the first of those, that have been shown */
};

void frame_age_init(struct frame_age *age);
void frame_age_finish(struct frame_age *age);

/* The phone drew a frame; times ascend. */
void frame_age_drawn(struct frame_age *age, int64_t now_us);
/* The terminal shows the phone as it was at `as_of_us`. */
void frame_age_shown(struct frame_age *age, int64_t as_of_us, int64_t now_us);
/* Those that are not shown yet are as old as they are by now: call once, at the end. */
void frame_age_end(struct frame_age *age, int64_t now_us);
/* The age that so many of a hundred frames do not exceed, in milliseconds; 0 without frames. */
double frame_age_percentile_ms(const struct frame_age *age, unsigned percent);
