/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One RDP client at mtp-rdp: the process that serves it (mtp_rdp_viewer.c), and what that says.
 * Main thread; GLib's default context.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "common/cleanup.h"
#include "mtp-client/rdp/link.h"

struct viewer;

struct viewer_events {
	/* Any packet but LINK_READY. */
	void (*said)(struct viewer *viewer, const struct link_packet *packet, void *data);
	/* It may be shown what has changed: viewer_show(). */
	void (*ready)(struct viewer *viewer, void *data);
	/* Last call: its process has ended, or said what makes no sense. Free it. */
	void (*gone)(struct viewer *viewer, void *data);
};

/* Starts the process. The descriptors stay the caller's. */
struct viewer *viewer_new(
    int client, int credentials, const struct viewer_events *events, void *data, GError **error);
/* Ends the process. */
void viewer_free(struct viewer *viewer);

bool viewer_has_borrowed_code(const struct viewer *viewer);
bool viewer_is_let_in(const struct viewer *viewer);
/* Answers LINK_ASK; "": no. */
void viewer_lend_code(struct viewer *viewer, const char *code);
/* From LINK_LET_IN on it has no time limit. */
void viewer_let_in(struct viewer *viewer);
/* False: it is not ready. `fd`: the memory of the picture, handed over the first time. */
bool viewer_show(
    struct viewer *viewer, uint32_t width, uint32_t height, const struct rectangle *damage, int fd);

DEFINE_CLEANUP(viewer);
