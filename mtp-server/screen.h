/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One phone's screen on its way to its viewers, without any I/O: our copy of it, what changed, what
 * moved, who is owed what, and when to look. Time is told by the host, so it may be a virtual one
 * (mtp-replay). Nobody there, or nobody ready: nobody looks. One thread.
 *
 *   the display has changed   screen_changed()
 *   a person did something    screen_input()
 *   a feed was acknowledged   nothing
 *   after each of these       wait until screen_due(), then screen_run()
 */
#pragma once

#include "mtp-server/feed.h"
#include "mtp-server/surface.h"

struct screen;

#define SCREEN_NEVER INT64_MAX

struct screen_host {
	/* What is shown now, a reference for the caller (NULL: nothing), and where it has changed
	 * since the last call. */
	struct surface *(*take)(void *data, struct rectangle *region);
	int64_t (*now_us)(void *data);
	/* The screen has another size; the feeds know already. */
	void (*resized)(void *data, unsigned width, unsigned height);
	/* The picture has changed; NULL: nobody asks. */
	void (*damaged)(void *data, const struct block_set *damage);
};

/* Black at first. */
struct screen *screen_new(
    unsigned width, unsigned height, const struct screen_host *host, void *data);
void screen_free(struct screen *screen);

/* Borrows the feed, which was made for screen_picture(), until it is removed. */
void screen_add(struct screen *screen, struct feed *feed);
void screen_remove(struct screen *screen, struct feed *feed);

void screen_changed(struct screen *screen);
void screen_input(struct screen *screen);
/* When to run; may lie in the past; SCREEN_NEVER: not before something happens. */
int64_t screen_due(const struct screen *screen);
void screen_run(struct screen *screen);

const struct picture *screen_picture(const struct screen *screen);
/* The picture as it is now, and not as it was when somebody looked last; the feeds are served on
 * the way. NULL: nothing has been shown yet. */
const struct picture *screen_look(struct screen *screen);
