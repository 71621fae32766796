/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One phone's screen in as many sizes as its viewers' terminals need: the phone's own, which alone
 * is compared with what the display shows, and scaled ones, which are rescaled from it where it has
 * changed. Each is a screen (screen.h) with feeds of its own. No I/O; time is told by the host. One
 * thread.
 *
 * A wish that cannot be granted (too many sizes already) gets the phone's own pixels, and the
 * terminal scales. A terminal that changes its mind faster than SCREENS_MOVE_US gets what it wanted
 * last.
 */
#pragma once

#include "mtp-server/adapt_fit.h"
#include "mtp-server/screen.h"

#define SCREENS_SCALED_MAX 4   /* sizes beside the phone's own */
#define SCREENS_MOVE_US 100000 /* between two sizes of one feed */

struct screens;

/* `host` and `data` as of screen_new(); the sizes that resized() tells are the phone's. */
struct screens *screens_new(
    unsigned width, unsigned height, const struct screen_host *host, void *data);
void screens_free(struct screens *screens);

/* The picture that a feed with this wish is to be made for. */
const struct picture *screens_picture(struct screens *screens, const struct adapt_wish *wish);
/* Borrows the feed until it is removed. */
void screens_add(struct screens *screens, struct feed *feed, const struct adapt_wish *wish);
void screens_remove(struct screens *screens, struct feed *feed);
/* The terminal is another one now: soon the feed gets another size. */
void screens_wish(struct screens *screens, struct feed *feed, const struct adapt_wish *wish);
/* The picture that the feed shows. */
const struct picture *screens_feed_picture(const struct screens *screens, const struct feed *feed);
/* How the feed's picture stands to the phone's. */
const struct adapt_fit *screens_fit(const struct screens *screens, const struct feed *feed);
unsigned screens_scaled(const struct screens *screens); /* sizes, beside the phone's own */

/* As of screen.h; the picture is the phone's own. */
void screens_changed(struct screens *screens);
void screens_input(struct screens *screens);
int64_t screens_due(const struct screens *screens);
void screens_run(struct screens *screens);
const struct picture *screens_look(struct screens *screens);
