/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The SDL window: shows the picture scaled and turned to fit, and tells what the user does in it,
 * in phone pixels. SDL has no descriptor to wait for, so window_pump() is to be called some sixty
 * times a second. Main thread only.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "common/cleanup.h"
#include "mtp-client/core/picture.h"
#include "mtp-client/sdl/input.h"
#include "mtp/messages.h"

struct window;

struct window_options {
	const char *title;
	unsigned rotation; /* degrees clockwise */
	bool fullscreen;
	struct input *input;        /* what the user does goes here; outlives the window */
	void (*closed)(void *data); /* the user closed it */
	/* window_terminal() says something else now; perhaps many times in a row. */
	void (*resized)(void *data);
	void *data;
};

struct window *window_new(const struct window_options *options, GError **error);
void window_free(struct window *window);

/* Handles what the user did since the last call, and redraws what a resize has uncovered. */
void window_pump(struct window *window);
/* Shows the picture's damaged part; all of it when its size has changed. */
void window_show(struct window *window, const struct picture *picture);
/* A sentence over the picture, which is dimmed; NULL: all is well. */
void window_set_notice(struct window *window, const char *notice);
/* Has the user asked for statistics? Then set them every second or so. */
bool window_wants_statistics(const struct window *window);
void window_set_statistics(struct window *window, const char *text);
/* The host has said what is written: to the clipboard, if the user has asked for it. */
void window_words(struct window *window, const struct mtp_words *words);
/* The size in which the host had best send the picture. */
void window_terminal(struct window *window, struct mtp_terminal *terminal);

DEFINE_CLEANUP(window);
