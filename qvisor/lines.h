/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A stream socket cut into lines, on the thread's default main context: what QMP and the guest
 * agent speak.
 *
 * Both peers are hostile: a line longer than `max_line` or more than `max_queued` unsent bytes end
 * the connection (QVMI_ERROR_TOO_LARGE), as does a NUL byte. Nothing blocks.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stddef.h>

#include "common/cleanup.h"

struct lines;

struct lines_events {
	/* One line without its end ("\n" or "\r\n"), NUL-terminated, valid during the call. May
	 * free the lines. */
	void (*line)(void *data, const char *text, size_t n);
	/* Once and last: end of stream (QVMI_ERROR_UNAVAILABLE) or what is wrong. Not called after
	 * lines_free(). */
	void (*closed)(void *data, const GError *error);
};

/* Takes `fd`, a connected stream socket. `events` outlives the object. */
struct lines *lines_new(
    int fd, size_t max_line, size_t max_queued, const struct lines_events *events, void *data);
void lines_free(struct lines *lines);

/* Sends `text` and a line feed, with a descriptor (SCM_RIGHTS) when `fd` >= 0; the descriptor is
 * taken in any case. Dropped when the connection has ended: `closed` tells. */
void lines_send(struct lines *lines, const char *text, int fd);
/* The same with what is the line and its line feed already; taken. */
void lines_send_bytes(struct lines *lines, GBytes *line, int fd);

DEFINE_CLEANUP(lines);
