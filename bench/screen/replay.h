/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The whole path of a phone's screen in one thread and on a virtual clock: mtp-server's screen and
 * feed (damage, motion, tiles, flow control; what mtpd-worker runs), a link, and the client core.
 * With an unlimited link each frame is on the terminal at the instant it was drawn; frames that
 * follow each other faster than the server's pace make the clock late instead of being skipped.
 */
#pragma once

#include "bench/screen/frame_age.h"
#include "bench/screen/ppm.h"
#include "bench/screen/simulated_link.h"
#include "bench/screen/terminal.h"

struct replay;

/* The phone's screen is `width` x `height` at first. Limits of the link: kbps, rtt_ms and loss all
 * 0: none. */
struct replay *replay_new(unsigned width, unsigned height, const struct mtp_terminal *terminal,
    const struct simulated_link_options *link, int64_t now_us);
/* Tells each time that the terminal shows another whole picture: the phone's at `as_of_us`. */
void replay_on_shown(
    struct replay *replay, void (*shown)(int64_t as_of_us, void *data), void *data);
void replay_free(struct replay *replay);

/* What happens until this time, and then the phone draws this frame. False: the client core refused
 * what the server sent. */
bool replay_frame(struct replay *replay, int64_t now_us, const struct ppm *frame, GError **error);
/* What happens until this time. */
bool replay_run(struct replay *replay, int64_t until_us, GError **error);

/* How old what the terminal showed was, until now: call it once, at the end. */
struct frame_age *replay_age(struct replay *replay);
const struct terminal *replay_terminal(const struct replay *replay);

struct replay_counters {
	uint64_t bytes; /* put on the wire by the server: whole frames of MTP */
	int64_t cpu_ns; /* processor time of the server's side */
};
struct replay_counters replay_counters(const struct replay *replay);

DEFINE_CLEANUP(replay);
