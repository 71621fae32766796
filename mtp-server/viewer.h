/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One terminal that looks at the phone: its stream (plain bytes; mtpd's front holds the TLS), what
 * it says, checked, and the feed (feed.h) of its pictures. Main thread.
 */
#pragma once

#include "mtp-server/feed.h"
#include "mtp-server/input.h"

struct viewer;

struct viewer_events {
	/* A checked POINTER, TOUCH or KEY. */
	void (*input)(struct viewer *viewer, const struct mtp_message *message, void *data);
	void (*terminal)(struct viewer *viewer, const struct mtp_terminal *terminal, void *data);
	/* READ: what is written? viewer_words() answers. */
	void (*read)(struct viewer *viewer, uint32_t id, void *data);
	/* Its feed may have become ready for an update. */
	void (*wants)(struct viewer *viewer, void *data);
	/* Last event, never from inside a call to viewer_*: free it. */
	void (*closed)(struct viewer *viewer, void *data);
};

struct viewer_options {
	const char *session; /* copied */
	uint16_t version;    /* of MTP */
	uint32_t codecs;     /* that it decodes */
	bool may_input;
	unsigned touch_points; /* of the phone */
	struct mtp_terminal terminal;
	struct mtp_place place; /* where it says it stopped */
};

/* Takes the descriptor and sends WELCOME; the picture is the one that its terminal has led to.
 * `memory`: what it still has (NULL: nothing). */
struct viewer *viewer_new(int fd, const struct viewer_options *options,
    const struct picture *picture, const struct memory *memory, const struct viewer_events *events,
    void *data);
void viewer_free(struct viewer *viewer);

const char *viewer_session(const struct viewer *viewer);
struct input_holder *viewer_holder(struct viewer *viewer);
struct feed *viewer_feed(const struct viewer *viewer); /* lives as long as the viewer */
/* As it said last. */
const struct mtp_terminal *viewer_terminal(const struct viewer *viewer);

/* Sends WORDS: n bytes of words (mtp/words.h) in the terminal's framebuffer. One that does not read
 * what it is sent is not sent more. */
void viewer_words(struct viewer *viewer, uint32_t id, enum mtp_words_status status,
    const uint8_t *words, size_t n);
/* Stops and resumes reading: back-pressure. */
void viewer_pause(struct viewer *viewer, bool paused);
/* Says why and closes, after what has been sent. */
void viewer_bye(struct viewer *viewer, enum mtp_bye_code code, const char *reason);
/* To be called every second or so: ends those who are silent or do not read. */
void viewer_tick(struct viewer *viewer, int64_t now_us);
