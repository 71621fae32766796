/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the parts of phone_start share. */
#pragma once

#include "qvisor/phone.h"

struct phone_start {
	struct phone *phone;
	const struct start_step *steps;
	unsigned step;
	enum { START_CLONE, START_COLD, START_RESUME, START_ARRIVE } kind;
	GCancellable *spawning; /* while the platform or a zygote starts QEMU */
	bool loading;           /* between migrate-incoming and its event */
	bool new_overlay;
	bool had_network;             /* when its state was saved */
	int socket;                   /* START_ARRIVE: that its state comes from; -1: taken */
	int fork_socket;              /* zygote.h; -1: it is no zygote */
	struct phone_waiter prepared; /* of phone_prepare(); done NULL: nobody prepares */
	int64_t begin, last;          /* monotonic */
	GString *timing;              /* "verify 0.1 spawn 2.3 ..." in ms */
	guint deadline;
	GPtrArray *waiters; /* struct phone_waiter * */
};

/* Each ends in one of the four below, from the main loop. */
struct start_step {
	const char *name;
	void (*run)(struct phone_start *start);
};

void start_next(struct phone_start *start);
void start_fail(struct phone_start *start, const GError *cause);
void start_fail_new(struct phone_start *start, int code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
/* A clone that was to be forked: from its template's state after all, from the overlay on. */
void start_without_fork(struct phone_start *start);

/* Its memory and devices are loaded, and not its template's. */
bool start_has_own_state(const struct phone_start *start);
void start_execute(struct phone_start *start, const char *command, JsonObject *arguments, int fd,
    qmp_reply_fn done);
/* The usual answer to a step's last command; `data` is the phone. */
void start_on_step(void *data, JsonNode *result, const GError *error);

/* The phone may be destroyed while a thread reads its files: it is looked up again. */
struct thread_wait *start_wait_new(const struct phone_start *start);
/* The start that waits, NULL when it does not any more. Frees. */
struct phone_start *start_wait_end(struct thread_wait *wait);

/* phone_start_spawn.c */
void start_step_verify(struct phone_start *start);
void start_step_check(struct phone_start *start);
void start_step_overlay(struct phone_start *start);
void start_step_spawn(struct phone_start *start);
void start_step_copy(struct phone_start *start);
void start_step_fork(struct phone_start *start);
/* phone_start_load.c */
void start_step_capabilities(struct phone_start *start);
void start_step_arrival_capabilities(struct phone_start *start);
void start_step_state(struct phone_start *start);
void start_step_load(struct phone_start *start);
void start_step_plug(struct phone_start *start);
void start_step_feed(struct phone_start *start);
void start_step_resume(struct phone_start *start);
void start_step_stream(struct phone_start *start);
void start_step_commit(struct phone_start *start);
void start_step_run(struct phone_start *start);
void start_step_wait(struct phone_start *start);
