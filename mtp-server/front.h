/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mtpd's front: all connections and their limits. Holds the TLS key and the used grants, and reads
 * nothing of a terminal's but one HELLO. Main thread.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "common/cleanup.h"
#include "common/grant_key_file.h"
#include "mtp-server/stream.h"
#include "mtp-server/worker_pool.h"

struct front;

/* Borrows the keys and the pool, which outlive it; copies the host's id. */
struct front *front_new(
    const struct grant_key_file *keys, const char *host, struct worker_pool *pool);
/* Used grants are in this file, too, and known after a restart. Before the first terminal. */
bool front_remember(struct front *front, const char *path, GError **error);
void front_free(struct front *front); /* ends all connections */

/* Takes a stream that has just been connected. Too many: it is closed at once. */
void front_accept(struct stream *stream, void *front);

/* {"sessions":[...]} (connection_json()). */
JsonNode *front_sessions(struct front *front);
/* False: there is none of that name. */
bool front_end_session(struct front *front, const char *session);
/* Says BYE to everybody, before the end. */
void front_say_bye(struct front *front);

DEFINE_CLEANUP(front);
