/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * QEMU Machine Protocol, the client's side (QEMU docs/interop/qmp-spec.rst), asynchronous.
 *
 * Commands wait in order and go out one at a time: QEMU executes them in order anyway, and a
 * descriptor that belongs to a command cannot meet another one's. Main thread. QEMU is not trusted:
 * lines are bounded to QMP_MAX_LINE, answers are checked for their id, a flood of events is the
 * main loop's next turn and not memory.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "common/cleanup.h"

#define QMP_MAX_LINE (256 * 1024)
#define QMP_MAX_PENDING 64
#define QMP_GREETING_S 20    /* a loaded machine starts QEMU slowly */
#define QMP_DEADLINE_MS 5000 /* what a command usually gets */

struct qmp;

struct qmp_events {
	void (*event)(void *data, const char *name, JsonObject *payload); /* payload may be NULL */
	void (*closed)(void *data,
	    const GError
	        *error); /* once; the object is to be freed, not before the callback if it likes */
};

/* `result` is "return", borrowed; NULL when `error` is set. QEMU's own refusal is QVMI_ERROR_FAILED
 * with its words; QVMI_ERROR_TIMEOUT after the deadline; QVMI_ERROR_UNAVAILABLE when the connection
 * ended; QVMI_ERROR_CANCELLED by qmp_free(). */
typedef void (*qmp_reply_fn)(void *data, JsonNode *result, const GError *error);

/* Takes `fd`, connected to a QMP monitor. Greeting and capabilities are done inside; commands may
 * be given at once. */
struct qmp *qmp_new(int fd, const struct qmp_events *events, void *data);
/* Pending commands are answered with QVMI_ERROR_CANCELLED, from here. */
void qmp_free(struct qmp *qmp);

/* Takes `arguments` (may be NULL) and `fd` (-1: none; passed with SCM_RIGHTS). `done` may be NULL,
 * and never runs before this returns. The deadline runs from when the command is sent. */
void qmp_execute(struct qmp *qmp, const char *command, JsonObject *arguments, int fd,
    unsigned deadline_ms, qmp_reply_fn done, void *data);
/* The same with arguments that are secret: a JSON object as text, in memory of secrets
 * (secret_memory.h); taken, and nowhere in ours once they are sent. Nobody is told of the answer.
 */
void qmp_execute_secret(
    struct qmp *qmp, const char *command, char *arguments, unsigned deadline_ms);

/* Arguments that several need; given to qmp_execute(). {"NAME":"VALUE"}: */
JsonObject *qmp_one_member(const char *name, const char *value);
/* migrate-set-capabilities: x-ignore-shared (guest memory stays in its file) and events. */
JsonObject *qmp_migration_capabilities(void);
/* And late-block-activate: a disk that somebody else still writes to is read at "cont". */
JsonObject *qmp_arrival_capabilities(void);
/* add-fd: what is passed becomes /dev/fdset/SET, which every QEMU option takes for a file. */
JsonObject *qmp_fdset(int set);

DEFINE_CLEANUP(qmp);
