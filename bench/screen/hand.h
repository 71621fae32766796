/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A person's hand on a phone that is recorded: plays a script (mtp-client/sdl/script.h) straight on
 * its display, on GLib's default main context. It knows tap, swipe, key, text, sleep, wait-quiet
 * and wait-update; a script with another verb is refused.
 */
#pragma once

#include "mtp-client/sdl/script.h"
#include "mtp-server/display.h"

struct hand;

struct hand_options {
	const struct script *script;
	struct display *display;
	unsigned width, height;
	/* Last call, NULL when all was played; free the hand later, not from within. */
	void (*done)(const GError *error, void *data);
	void *data; /* everything above outlives the hand */
};

/* QVMI_ERROR_INVALID: a verb that it does not know. */
struct hand *hand_new(const struct hand_options *options, GError **error);
void hand_free(struct hand *hand);

/* The picture has changed. */
void hand_changed(struct hand *hand);

DEFINE_CLEANUP(hand);
