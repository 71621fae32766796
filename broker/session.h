/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A signed-in user's connection to a phone, as recorded. Main thread; seconds since the epoch.
 *
 *   allocating --(the pool gave a phone)--> open --(client, sign-out, expiry)--> closed
 *   allocating --(no phone, broker restarted)--> failed
 *   open --(no grant could be made for it)--> failed
 *   allocating --(sign-out meanwhile)--> closed
 *
 * A session ends; the lease behind it does not: the phone goes on running and the next session of
 * the user gets the same one.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/database.h"

#define SESSION_MAX_OPEN 32 /* a user; beyond, the oldest is closed */

#define SESSION_KEPT_S (90 * 24 * 3600)

enum session_state { SESSION_ALLOCATING, SESSION_OPEN, SESSION_CLOSED, SESSION_FAILED };
const char *session_state_name(enum session_state state);

struct session {
	char *id;                     /* uuid */
	char *user, *token, *package; /* token: its digest */
	char *terminal_model;         /* may be NULL, like all below until the session is open */
	int64_t terminal_width, terminal_height;
	char *idempotency_key;
	enum session_state state;
	char *reason; /* why it is closed or failed */
	char *lease, *phone, *host;
	int64_t created, ended; /* ended 0: not yet */
	char *client_key;       /* as common/client_key.h keeps it; NULL: it has told none */
	int64_t resumption;     /* generation of the resumption token that is out */
	char *mtp_address;      /* where the phone is, as the pool has told last */
	uint16_t mtp_port, websocket_port;
};
void session_free(struct session *session);

/* Where a session's phone is; borrowed. */
struct session_place {
	const char *lease, *phone, *host;
	const char *mtp_address; /* as struct pool_lease has it */
	uint16_t mtp_port, websocket_port;
};

/* Records a new session in state allocating; fills id, state and created. QVMI_ERROR_CONFLICT when
 * the user has used this idempotency key before. */
bool session_begin(struct database *database, struct session *session, int64_t now, GError **error);
/* The pool's answer: the session is open. QVMI_ERROR_CONFLICT when it has ended meanwhile. */
bool session_open(
    struct database *database, const char *id, const struct session_place *place, GError **error);
/* An open session's phone is elsewhere now. */
bool session_moved(
    struct database *database, const char *id, const struct session_place *place, GError **error);
/* To closed or failed. What has ended stays as it is, without an error. */
bool session_end(struct database *database, const char *id, enum session_state state,
    const char *reason, int64_t now, GError **error);

/* A session of this user; else QVMI_ERROR_NOT_FOUND, also when it is another's. `user` NULL:
 * anybody's. Caller frees. */
struct session *session_find(
    struct database *database, const char *id, const char *user, GError **error);
/* One that is open, of a sign-in that lasts; else QVMI_ERROR_UNAUTHENTICATED. Caller frees. */
struct session *session_find_open(
    struct database *database, const char *id, int64_t now, GError **error);
/* NULL without error when the key is new. */
struct session *session_find_by_key(
    struct database *database, const char *user, const char *key, GError **error);
/* Newest first, up to `limit`; `user` NULL: everybody's. `live`: those allocating or open only. */
GPtrArray *session_list(
    struct database *database, const char *user, bool live, unsigned limit, GError **error);

/* The token of this generation was used, or was the one before the last: on success *next is the
 * generation that is out now. QVMI_ERROR_UNAUTHENTICATED: it was used before that. */
bool session_resume(
    struct database *database, const char *id, int64_t generation, int64_t *next, GError **error);

/* Closes what nobody can use any more. */
bool session_close_of_token(
    struct database *database, const char *token, const char *reason, int64_t now, GError **error);
bool session_close_of_user(
    struct database *database, const char *user, const char *reason, int64_t now, GError **error);
/* Sessions whose token has expired or is gone. */
bool session_close_orphans(struct database *database, int64_t now, GError **error);
/* Up to `limit` sessions that ended after `since` with a phone whose stream may still go on. */
GPtrArray *session_list_streaming(
    struct database *database, int64_t since, unsigned limit, GError **error);
/* It does not, and no grant can begin one. */
bool session_stream_ended(struct database *database, const char *id, GError **error);
/* Forgets what ended more than SESSION_KEPT_S ago. */
bool session_forget_old(struct database *database, int64_t now, GError **error);
/* At start: what a former broker was allocating has failed. */
bool session_fail_allocating(struct database *database, int64_t now, GError **error);

DEFINE_CLEANUP(session);
