/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One phone: its display, its picture, its viewers, and when who is shown what. Main thread.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "mtp-server/display.h"
#include "mtp-server/viewer.h"

#define WORKER_VIEWERS_MAX 16

struct worker;

/* The phone's, as its manifest has it. */
struct worker_screen {
	unsigned width, height;
	unsigned touch_points;
	unsigned mode_pixels; /* of a mode that a terminal wants, at most (guest_mode.h) */
};

struct worker_events {
	/* A viewer has left. */
	void (*left)(const char *session, void *data);
	/* Somebody wants to know what is written: worker_give_reader() follows. */
	void (*wants_reader)(void *data);
	/* QEMU is gone; the viewers have been told. */
	void (*gone)(void *data);
};

/* Takes the descriptor of the connection to QEMU and blocks until QEMU has accepted it. */
struct worker *worker_new(const struct display_sockets *sockets, const struct worker_screen *screen,
    const struct worker_events *events, void *data, GError **error);
void worker_free(struct worker *worker);

/* Takes the viewer's stream. An older viewer of the same session is told to go. False +
 * QVMI_ERROR_EXHAUSTED: too many; the stream then got a BYE. */
bool worker_add_viewer(
    struct worker *worker, int fd, const struct viewer_options *options, GError **error);
void worker_end_viewer(
    struct worker *worker, const char *session, enum mtp_bye_code code, const char *reason);
/* Takes the descriptor of the stream to an mtp-reader; -1: there is none to be had. */
void worker_give_reader(struct worker *worker, int fd);
/* [{"session","frames","bytes"}] */
JsonArray *worker_counters(const struct worker *worker);
/* A JPEG of the screen as it is now. QVMI_ERROR_UNAVAILABLE: QEMU has not shown any yet. */
GBytes *worker_thumbnail(struct worker *worker, unsigned width, GError **error);

DEFINE_CLEANUP(worker);
