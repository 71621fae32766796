/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The workers, one a phone: started when somebody wants to see it, ended a while after the last one
 * has gone. Main thread.
 *
 *   asks qvisord for the display -> starts mtpd-worker, hands it over -> "ready" -> serves
 *
 * Whatever fails on the way ends the worker and is told to everybody who waits for it; the next one
 * who comes starts anew.
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "common/cleanup.h"
#include "mtp/messages.h"

struct worker_pool_options {
	const char *display_socket;   /* qvisord's; copied, as the other */
	const char *program, *reader; /* mtpd-worker, mtp-reader */
	unsigned linger_s;
	unsigned mode_pixels; /* of a mode that a terminal wants, at most; 0: phones keep theirs */
	uid_t first_uid;      /* 0: workers run as we do */
	unsigned max;         /* workers at a time */
};

struct worker_pool;

struct worker_pool *worker_pool_new(const struct worker_pool_options *options);
void worker_pool_free(struct worker_pool *pool); /* ends all workers */

struct worker_viewer {
	const char *phone, *session;
	uint16_t version;
	uint32_t codecs;
	bool may_input;
	struct mtp_terminal terminal;
	struct mtp_place place;
};

/* Told once, when the viewer could not be brought to its phone. Not told any more after
 * worker_pool_leave(). */
typedef void (*worker_failed)(const GError *error, void *data);

/* Takes the stream. `data` names the viewer from now on. */
void worker_pool_join(struct worker_pool *pool, const struct worker_viewer *viewer, int stream,
    worker_failed failed, void *data);
/* The viewer has gone. */
void worker_pool_leave(struct worker_pool *pool, void *data);
/* Tells the worker to say BYE. */
void worker_pool_end(struct worker_pool *pool, const char *phone, const char *session,
    enum mtp_bye_code code, const char *reason);
/* Updates sent to this session so far. */
uint64_t worker_pool_frames(struct worker_pool *pool, const char *phone, const char *session);

/* `done` is called once, with the JPEG or the error. */
typedef void (*worker_thumbnail_done)(GBytes *jpeg, const GError *error, void *data);
void worker_pool_thumbnail(struct worker_pool *pool, const char *phone, unsigned width,
    worker_thumbnail_done done, void *data);

DEFINE_CLEANUP(worker_pool);
