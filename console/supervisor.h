/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps a few daemons running: starts them in order, waits until each says that it is ready
 * (sd_notify(3)), starts one again that ended by itself, ends them in reverse order.
 *
 * A service: idle -> starting -> running -> idle.
 *   starting  its process is there and has not said READY=1; when it ends here, the start failed
 *   running   when it ends here, it is started again after 0.5 s, 1 s, 2 s ... 30 s; the delay
 * falls back once it has run for a minute They get SIGTERM when we die (PR_SET_PDEATHSIG), however
 * that happens.
 *
 * Main thread only; waits run the default main context.
 */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <sys/types.h>

#include "common/cleanup.h"

struct supervisor;

struct supervisor_options {
	const char *notify_path;     /* socket that is made for readiness */
	const char *log_folder;      /* what NAME prints goes to log_folder/NAME.log */
	GCancellable *cancellable;   /* ends waits with QVMI_ERROR_CANCELLED; borrowed */
	void (*changed)(void *data); /* a service was started again: its pid is another */
	void *data;
};

struct supervisor *supervisor_new(const struct supervisor_options *options, GError **error);
/* Ends what still runs. */
void supervisor_free(struct supervisor *supervisor);

/* Starts `argv` as `name` and returns when it is ready. When it ends instead, or is not ready in
 * time, the error carries the last lines of its log. */
bool supervisor_start(struct supervisor *supervisor, const char *name, const char *const *argv,
    unsigned timeout_s, GError **error);
/* SIGTERM in reverse order of start, SIGKILL after `grace_ms` each. */
void supervisor_stop(struct supervisor *supervisor, unsigned grace_ms);

/* 0 when it does not run. */
pid_t supervisor_pid(const struct supervisor *supervisor, const char *name);
/* Calls `visit` for each in order of start. */
void supervisor_each(const struct supervisor *supervisor,
    void (*visit)(const char *name, pid_t pid, void *data), void *data);

DEFINE_CLEANUP(supervisor);
