/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One terminal, from the moment that it connects until it has gone:
 *
 *   HELLO within 10 s -> admitted -> joined to its phone's worker -> bytes are pumped
 *
 * and a BYE with the reason wherever that stops. Main thread.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "mtp-server/admission.h"
#include "mtp-server/stream.h"
#include "mtp-server/worker_pool.h"

struct connection;

struct connection_events {
	/* It has been admitted (is no longer half open). */
	void (*admitted)(struct connection *connection, void *data);
	/* Last; never from inside a call to connection_*: free it. */
	void (*ended)(struct connection *connection, void *data);
};

/* Takes the stream. `admission`, `pool` and `events` outlive it. */
struct connection *connection_new(struct stream *stream, const struct admission *admission,
    struct worker_pool *pool, const struct connection_events *events, void *data);
void connection_free(struct connection *connection);

bool connection_is_admitted(const struct connection *connection);
const char *connection_address(const struct connection *connection);
/* Of its grant; NULL before. */
const char *connection_session(const struct connection *connection);
const char *connection_phone(const struct connection *connection);
const char *connection_second(const struct connection *connection);
/* Is what it does at the phone done? */
bool connection_drives(const struct connection *connection);
/* It may not; to be called when it is admitted. */
void connection_look_on(struct connection *connection);
/* {"session","user","phone","address","model","since","drives","frames","bytes"} */
JsonObject *connection_json(const struct connection *connection);
/* Says why, and ends. */
void connection_bye(struct connection *connection, enum mtp_bye_code code, const char *reason);
