/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plays a script (script.h) against a phone, on GLib's default main context. */
#pragma once

#include <glib.h>

#include "common/cleanup.h"
#include "mtp-client/sdl/input.h"
#include "mtp-client/sdl/script.h"
#include "mtp-client/sdl/stats.h"

struct player;

struct player_options {
	const struct script *script;
	struct mtp_session *session;
	struct input *input;
	struct stats *stats; /* marks and measured touches go here */
	/* Last call; `error` is NULL when all was played. It names file and line. Free the player
	 * later, not from within. */
	void (*done)(const GError *error, void *data);
	void *data; /* everything above outlives the player */
};

/* Begins once the session is live; make it before that, so that it misses no picture. */
struct player *player_new(const struct player_options *options);
void player_free(struct player *player);

/* The session has been fed: did a picture come that somebody waits for? */
void player_received(struct player *player);

DEFINE_CLEANUP(player);
