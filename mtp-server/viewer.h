/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One terminal that looks at the phone: its stream (plain bytes; mtpd's front holds the TLS), the
 * blocks it is owed, and how much it may be sent. A slow one gets fewer, newer pictures: at most
 * two updates are on their way un-acknowledged, nothing is encoded before, and what is owed is a
 * set of places. Main thread.
 */
#pragma once

#include "mtp-server/input.h"
#include "mtp-server/scroll.h"
#include "mtp-server/tiling.h"

struct viewer;

struct viewer_events {
	/* A checked POINTER, TOUCH or KEY. */
	void (*input)(struct viewer *viewer, const struct mtp_message *message, void *data);
	/* It may have become ready for an update. */
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
};

struct viewer_counters {
	uint64_t frames, bytes; /* updates sent, and their bytes */
};

/* Takes the descriptor, sends WELCOME, and owes the whole picture. */
struct viewer *viewer_new(int fd, const struct viewer_options *options,
    const struct picture *picture, const struct viewer_events *events, void *data);
void viewer_free(struct viewer *viewer);

const char *viewer_session(const struct viewer *viewer);
struct input_holder *viewer_holder(struct viewer *viewer);
struct viewer_counters viewer_counters(const struct viewer *viewer);

/* The screen has another size; all of it is owed. */
void viewer_screen(struct viewer *viewer, const struct picture *picture);
/* The picture changed: `damage` in all; or, by `scroll` (NULL: none), only `rest` once the copy has
 * been made. viewer_update() has to follow before the picture changes again. */
void viewer_damage(struct viewer *viewer, const struct block_set *damage,
    const struct scroll *scroll, const struct block_set *rest);

/* May it be sent an update now? */
bool viewer_is_ready(const struct viewer *viewer);
/* Is it owed something, or (when `exact`) shown something roughly? */
bool viewer_is_owed(const struct viewer *viewer);
bool viewer_is_rough(const struct viewer *viewer);
/* Sends what is owed, as far as one update goes. `room` is scratch memory. */
void viewer_update(struct viewer *viewer, const struct picture *picture, struct tiling *tiling,
    struct tile_cache *cache, struct mtp_writer room);
/* Sends exactly, a bit at a time, what was sent roughly. */
void viewer_refine(struct viewer *viewer, const struct picture *picture, struct tiling *tiling,
    struct tile_cache *cache, struct mtp_writer room);

/* Stops and resumes reading: back-pressure. */
void viewer_pause(struct viewer *viewer, bool paused);
/* Says why and closes, after what has been sent. */
void viewer_bye(struct viewer *viewer, enum mtp_bye_code code, const char *reason);
/* To be called every second or so: ends those who are silent or do not read. */
void viewer_tick(struct viewer *viewer, int64_t now_us);
