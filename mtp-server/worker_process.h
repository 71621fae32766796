/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One worker as mtpd sees it: how it comes to life, what is said to it, how it ends. Main thread.
 */
#pragma once

#include "mtp-server/worker_pool.h"

struct worker_process;

struct worker_process_events {
	void (*ready)(struct worker_process *process, void *data);
	void (*counters)(
	    struct worker_process *process, const char *session, uint64_t frames, void *data);
	void (*thumbnail)(struct worker_process *process, int64_t id, GBytes *jpeg,
	    const GError *error, void *data);
	/* Last; it may be freed now. Never from inside a call to worker_process_*. */
	void (*ended)(struct worker_process *process, const GError *error, void *data);
};

struct worker_process_options {
	const char *display_socket, *program, *reader; /* outlive it */
	const char *phone;                             /* copied */
	unsigned slot;
	uid_t uid;
	unsigned mode_pixels; /* of a mode that a terminal wants, at most */
	const struct worker_process_events *events;
	void *data;
};

/* Asks qvisord for the phone's display; the rest follows. */
struct worker_process *worker_process_new(
    const struct worker_process_options *options, GError **error);
void worker_process_free(struct worker_process *process); /* ends the process */

const char *worker_process_phone(const struct worker_process *process);
unsigned worker_process_slot(const struct worker_process *process);
bool worker_process_is_ready(const struct worker_process *process);
/* Ends it after so many seconds; 0: not. */
void worker_process_linger(struct worker_process *process, unsigned seconds);

JsonObject *worker_process_viewer_request(const struct worker_viewer *viewer);
/* Takes the message, not the descriptor. A worker that does not listen is ended. */
void worker_process_send(struct worker_process *process, JsonObject *message, int fd);
void worker_process_ask_thumbnail(struct worker_process *process, int64_t id, unsigned width);
void worker_process_end_viewer(struct worker_process *process, const char *session,
    enum mtp_bye_code code, const char *reason);
