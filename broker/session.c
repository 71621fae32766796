/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/session.h"

#include "common/error.h"

#define COLUMNS                                                                                    \
	"id, user, token, package, terminal_model, terminal_width, terminal_height, "              \
	"idempotency_key, state, reason, lease, phone, host, created, ended, client_key, "         \
	"resumption, mtp_address, mtp_port, websocket_port"
#define LIVE "state IN ('allocating', 'open')"

static const char *const state_names[] = {
    [SESSION_ALLOCATING] = "allocating",
    [SESSION_OPEN] = "open",
    [SESSION_CLOSED] = "closed",
    [SESSION_FAILED] = "failed",
};

const char *session_state_name(enum session_state state)
{
	return state_names[state];
}

void session_free(struct session *session)
{
	if (!session)
		return;
	g_free(session->id);
	g_free(session->user);
	g_free(session->token);
	g_free(session->package);
	g_free(session->terminal_model);
	g_free(session->idempotency_key);
	g_free(session->reason);
	g_free(session->lease);
	g_free(session->phone);
	g_free(session->host);
	g_free(session->client_key);
	g_free(session->mtp_address);
	g_free(session);
}

static void *session_from_row(struct rows *rows)
{
	struct session *session = g_new0(struct session, 1);
	session->id = g_strdup(rows_string(rows, 0));
	session->user = g_strdup(rows_string(rows, 1));
	session->token = g_strdup(rows_string(rows, 2));
	session->package = g_strdup(rows_string(rows, 3));
	session->terminal_model = g_strdup(rows_string(rows, 4));
	session->terminal_width = rows_int(rows, 5);
	session->terminal_height = rows_int(rows, 6);
	session->idempotency_key = g_strdup(rows_string(rows, 7));
	const char *state = rows_string(rows, 8);
	while (session->state < SESSION_FAILED && g_strcmp0(state_names[session->state], state))
		session->state++;
	session->reason = g_strdup(rows_string(rows, 9));
	session->lease = g_strdup(rows_string(rows, 10));
	session->phone = g_strdup(rows_string(rows, 11));
	session->host = g_strdup(rows_string(rows, 12));
	session->created = rows_int(rows, 13);
	session->ended = rows_int(rows, 14);
	session->client_key = g_strdup(rows_string(rows, 15));
	session->resumption = rows_int(rows, 16);
	session->mtp_address = g_strdup(rows_string(rows, 17));
	session->mtp_port = (uint16_t)rows_int(rows, 18);
	session->websocket_port = (uint16_t)rows_int(rows, 19);
	return session;
}

bool session_begin(struct database *database, struct session *session, int64_t now, GError **error)
{
	session->id = g_uuid_string_random();
	session->state = SESSION_ALLOCATING;
	session->created = now;
	if (!database_exec(database, error,
	        "UPDATE sessions SET state = 'closed', ended = ?, reason = 'too many open "
	        "sessions' "
	        "WHERE user = ? AND " LIVE " AND id NOT IN (SELECT id FROM sessions WHERE user = ? "
	        "AND " LIVE " ORDER BY created DESC, rowid DESC LIMIT ?)",
	        "issi", now, session->user, session->user, (int64_t)SESSION_MAX_OPEN - 1) ||
	    !database_exec(database, error,
	        "INSERT INTO sessions (id, user, token, package, terminal_model, terminal_width, "
	        "terminal_height, idempotency_key, client_key, state, created) "
	        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, 'allocating', ?) ON CONFLICT DO NOTHING",
	        "sssssiissi", session->id, session->user, session->token, session->package,
	        session->terminal_model, session->terminal_width, session->terminal_height,
	        session->idempotency_key, session->client_key, now))
		return false;
	if (database_changes(database) == 1)
		return true;
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
	    "this idempotency key has been used; take a new one for a new session");
	return false;
}

static bool set_place(struct database *database, const char *id, const struct session_place *place,
    const char *state, GError **error)
{
	return database_exec(database, error,
	    "UPDATE sessions SET state = 'open', lease = ?, phone = ?, host = ?, mtp_address = ?, "
	    "mtp_port = ?, websocket_port = ? WHERE id = ? AND state = ?",
	    "ssssiiss", place->lease, place->phone, place->host, place->mtp_address,
	    (int64_t)place->mtp_port, (int64_t)place->websocket_port, id, state);
}

bool session_moved(
    struct database *database, const char *id, const struct session_place *place, GError **error)
{
	return set_place(database, id, place, "open", error);
}

bool session_open(
    struct database *database, const char *id, const struct session_place *place, GError **error)
{
	if (!set_place(database, id, place, "allocating", error))
		return false;
	if (database_changes(database) == 1)
		return true;
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
	    "the session ended while its phone was being allocated; open it again");
	return false;
}

bool session_end(struct database *database, const char *id, enum session_state state,
    const char *reason, int64_t now, GError **error)
{
	g_assert(state == SESSION_CLOSED || state == SESSION_FAILED);
	return database_exec(database, error,
	    "UPDATE sessions SET state = ?, reason = ?, ended = ? WHERE id = ? AND " LIVE, "ssis",
	    state_names[state], reason, now, id);
}

struct session *session_find(
    struct database *database, const char *id, const char *user, GError **error)
{
	struct rows *rows = database_query(database, error,
	    "SELECT " COLUMNS " FROM sessions WHERE id = ? AND (? IS NULL OR user = ?)", "sss", id,
	    user, user);
	return rows_first(
	    rows, session_from_row, error, "there is no such session of yours; open a new one");
}

struct session *session_find_open(
    struct database *database, const char *id, int64_t now, GError **error)
{
	GError *failure = NULL;
	AUTO(rows)
	rows = database_query(database, error,
	    "SELECT " COLUMNS " FROM sessions WHERE id = ? AND state = 'open' AND "
	    "EXISTS (SELECT 1 FROM tokens WHERE digest = sessions.token AND expires > ?)",
	    "si", id, now);
	if (!rows)
		return NULL;
	if (rows_next(rows, &failure))
		return session_from_row(rows);
	if (failure)
		g_propagate_error(error, failure);
	else
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED,
		    "this session has ended; open it again");
	return NULL;
}

struct session *session_find_by_key(
    struct database *database, const char *user, const char *key, GError **error)
{
	AUTO(rows)
	rows = database_query(database, error,
	    "SELECT " COLUMNS " FROM sessions WHERE user = ? AND idempotency_key = ?", "ss", user,
	    key);
	return rows && rows_next(rows, error) ? session_from_row(rows) : NULL;
}

bool session_resume(
    struct database *database, const char *id, int64_t generation, int64_t *next, GError **error)
{
	*next = generation + 1;
	if (!database_exec(database, error,
	        "UPDATE sessions SET resumption = ? WHERE id = ? AND resumption IN (?, ?) "
	        "AND state = 'open'",
	        "isii", *next, id, generation, *next))
		return false;
	if (database_changes(database) == 1)
		return true;
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED,
	    "this resumption token has been used; open the session again");
	return false;
}

/* A text each: SQLite chooses its index when it reads the text, not when it knows the values. */
GPtrArray *session_list(
    struct database *database, const char *user, bool live, unsigned limit, GError **error)
{
#define LIST(condition)                                                                            \
	"SELECT " COLUMNS " FROM sessions WHERE " condition                                        \
	" ORDER BY created DESC, rowid DESC LIMIT ?"
	static const char *const texts[2][2] = {
	    {LIST("TRUE"), LIST(LIVE)}, {LIST("user = ?"), LIST("user = ? AND " LIVE)}};
#undef LIST
	const char *text = texts[user != NULL][live];
	struct rows *rows = user ? database_query(database, error, text, "si", user, (int64_t)limit)
	                         : database_query(database, error, text, "i", (int64_t)limit);
	return rows_list(rows, session_from_row, (GDestroyNotify)session_free, error);
}

bool session_close_of_token(
    struct database *database, const char *token, const char *reason, int64_t now, GError **error)
{
	return database_exec(database, error,
	    "UPDATE sessions SET state = 'closed', reason = ?, ended = ? WHERE token = ? AND " LIVE,
	    "sis", reason, now, token);
}

bool session_close_of_user(
    struct database *database, const char *user, const char *reason, int64_t now, GError **error)
{
	return database_exec(database, error,
	    "UPDATE sessions SET state = 'closed', reason = ?, ended = ? WHERE user = ? AND " LIVE,
	    "sis", reason, now, user);
}

bool session_close_orphans(struct database *database, int64_t now, GError **error)
{
	return database_exec(database, error,
	    "UPDATE sessions SET state = 'closed', reason = 'the sign-in has expired', ended = ? "
	    "WHERE " LIVE " AND token NOT IN (SELECT digest FROM tokens WHERE expires > ?)",
	    "ii", now, now);
}

GPtrArray *session_list_streaming(
    struct database *database, int64_t since, unsigned limit, GError **error)
{
	struct rows *rows = database_query(database, error,
	    "SELECT " COLUMNS " FROM sessions WHERE ended > ? AND NOT stream_ended "
	    "AND phone IS NOT NULL ORDER BY ended LIMIT ?",
	    "ii", since, (int64_t)limit);
	return rows_list(rows, session_from_row, (GDestroyNotify)session_free, error);
}

bool session_stream_ended(struct database *database, const char *id, GError **error)
{
	return database_exec(
	    database, error, "UPDATE sessions SET stream_ended = 1 WHERE id = ?", "s", id);
}

bool session_forget_old(struct database *database, int64_t now, GError **error)
{
	return database_exec(
	    database, error, "DELETE FROM sessions WHERE ended < ?", "i", now - SESSION_KEPT_S);
}

bool session_fail_allocating(struct database *database, int64_t now, GError **error)
{
	return database_exec(database, error,
	    "UPDATE sessions SET state = 'failed', reason = 'the broker was restarted', ended = ? "
	    "WHERE state = 'allocating'",
	    "i", now);
}
