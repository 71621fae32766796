/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is written on a phone's screen, for those viewers who ask. It is read by a process of its
 * own (mtp-reader: a library that large does not belong where pictures and input are), which is
 * there while somebody asks. One reading at a time, one a second at most, and none of a screen that
 * has not changed since the last. Main thread; no call blocks.
 *
 * On the socket to that process, in this machine's byte order: text_layer_start once, by mtpd; then
 * text_layer_request and width * height pixels of 0xXXRRGGBB; the answer is a uint32_t, and so many
 * bytes of words (mtp/words.h) in the phone's pixels.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "mtp-server/picture.h"
#include "mtp/words.h"

struct text_layer_start {
	uint32_t uid; /* to become; 0: none */
};

struct text_layer_request {
	uint32_t width, height;
};

struct text_layer;

struct text_layer_events {
	/* Ask mtpd for a process: text_layer_give() or text_layer_refuse() follows. */
	void (*wants_process)(void *data);
	/* The phone's screen as it is now; NULL: there is none yet. Valid until the next event. */
	const struct picture *(*look)(void *data);
	/* Once for each text_layer_ask(). `words` in the phone's pixels, n bytes of them; may be
	 * called from inside text_layer_ask(). */
	void (*answer)(void *asker, uint32_t id, enum mtp_words_status status, const uint8_t *words,
	    size_t n, void *data);
};

struct text_layer *text_layer_new(const struct text_layer_events *events, void *data);
void text_layer_free(struct text_layer *layer);

void text_layer_ask(struct text_layer *layer, void *asker, uint32_t id);
/* It has gone: no answers. */
void text_layer_forget(struct text_layer *layer, void *asker);
/* Takes the descriptor. */
void text_layer_give(struct text_layer *layer, int fd);
void text_layer_refuse(struct text_layer *layer);
