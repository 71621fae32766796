/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/federation_identity.h"

#include "broker/oidc/organisation_name.h"
#include "common/error.h"

/* Clocks may differ, and the token is looked at with ours. */
#define KEEP_S (ID_TOKEN_LIFETIME_S + ID_TOKEN_SKEW_S)

static bool refuse(GError **error, const char *why)
{
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED, "the assertion %s", why);
	return false;
}

static bool use_up(struct database *database, const char *id, int64_t now, GError **error)
{
	if (!database_exec(database, error,
	        "INSERT INTO assertions (id, expires) VALUES (?, ?) ON CONFLICT DO NOTHING", "si",
	        id, now + KEEP_S))
		return false;
	return database_changes(database) == 1 || refuse(error, "has been used already");
}

static void *name_from_row(struct rows *rows)
{
	return g_strdup(rows_string(rows, 0));
}

/* NULL without error: not known. */
static char *find_user(
    struct database *database, const struct voucher *voucher, const char *subject, GError **error)
{
	GError *failure = NULL;
	AUTO(rows)
	rows = database_query(database, error,
	    "SELECT user, organisation FROM identities WHERE issuer = ? AND subject = ?", "ss",
	    voucher->issuer, subject);
	if (!rows || !rows_next(rows, &failure)) {
		if (failure)
			g_propagate_error(error, failure);
		return NULL;
	}
	/* One provider may vouch for several organisations, but for one person in one of them. */
	if (g_str_equal(rows_string(rows, 1), voucher->organisation))
		return name_from_row(rows);
	refuse(error, "is of somebody who is known from another organisation");
	return NULL;
}

static bool has_room(struct database *database, const char *organisation, GError **error)
{
	GError *failure = NULL;
	AUTO(rows)
	rows = database_query(database, error,
	    "SELECT count(*) FROM identities WHERE organisation = ?", "s", organisation);
	bool counted = rows && rows_next(rows, &failure);
	if (failure)
		g_propagate_error(error, failure);
	return counted && (rows_int(rows, 0) < FEDERATION_USERS_MAX ||
	                      refuse(error, "is of one person too many of this organisation"));
}

static char *add_user(struct database *database, const struct voucher *voucher,
    const struct id_token *token, int64_t now, GError **error)
{
	g_autofree char *user = organisation_user(
	    voucher->organisation, token->username ? token->username : token->subject);
	if (!user) {
		refuse(error, "gives no name that could be one of this organisation here");
		return NULL;
	}
	if (!has_room(database, voucher->organisation, error) ||
	    !database_exec(database, error,
	        "INSERT INTO users (name, password, admin, created) VALUES (?, '', 0, ?) "
	        "ON CONFLICT DO NOTHING",
	        "si", user, now))
		return NULL;
	if (database_changes(database) != 1) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED,
		    "the subject %s of %s would be the user %s, which is another one; remove that "
		    "one, or have it named otherwise there",
		    token->subject, voucher->issuer, user);
		return NULL;
	}
	return database_exec(database, error,
	           "INSERT INTO identities (issuer, subject, organisation, user) "
	           "VALUES (?, ?, ?, ?)",
	           "ssss", voucher->issuer, token->subject, voucher->organisation, user)
	           ? g_steal_pointer(&user)
	           : NULL;
}

static bool put_groups(struct database *database, const char *user, const char *organisation,
    char **groups, GError **error)
{
	if (!database_exec(database, error, "DELETE FROM memberships WHERE user = ?", "s", user))
		return false;
	for (; *groups; groups++) {
		g_autofree char *name = g_strconcat(organisation, "/", *groups, NULL);
		if (!database_exec(database, error,
		        "INSERT INTO memberships (user, kind, name) VALUES (?, 'group', ?) "
		        "ON CONFLICT DO NOTHING",
		        "ss", user, name))
			return false;
	}
	return true;
}

static char *admit(struct database *database, const struct voucher *voucher,
    const struct id_token *token, int64_t now, GError **error)
{
	GError *failure = NULL;
	g_autofree char *user = find_user(database, voucher, token->subject, &failure);
	if (!user && !failure)
		user = add_user(database, voucher, token, now, &failure);
	if (user &&
	    database_exec(database, &failure,
	        "UPDATE users SET full_name = ?, checked = ? WHERE name = ?", "sis",
	        token->full_name, now, user) &&
	    put_groups(database, user, voucher->organisation, token->groups, &failure))
		return g_steal_pointer(&user);
	g_propagate_error(error, failure);
	return NULL;
}

char *federation_identity_admit(struct database *database, const struct voucher *voucher,
    const struct id_token *token, const char *id, int64_t now, GError **error)
{
	if (!database_begin(database, error))
		return NULL;
	g_autofree char *user =
	    use_up(database, id, now, error) ? admit(database, voucher, token, now, error) : NULL;
	if (user && database_commit(database, error))
		return g_steal_pointer(&user);
	database_rollback(database);
	return NULL;
}

bool federation_identity_sweep(struct database *database, int64_t now, GError **error)
{
	return database_exec(
	    database, error, "DELETE FROM assertions WHERE expires <= ?", "i", now);
}

GPtrArray *federation_identity_organisations(struct database *database, GError **error)
{
	struct rows *rows = database_query(database, error,
	    "SELECT DISTINCT i.organisation FROM identities i JOIN tokens t ON t.user = i.user "
	    "ORDER BY 1",
	    "");
	return rows_list(rows, name_from_row, g_free, error);
}

#define THEIRS "(SELECT user FROM identities WHERE organisation = ? AND issuer IS NOT ?)"

bool federation_identity_end(struct database *database, const char *organisation,
    const char *issuer, int64_t now, GError **error)
{
	if (!database_begin(database, error))
		return false;
	if (database_exec(database, error,
	        "UPDATE sessions SET state = 'closed', reason = 'nobody vouches for the "
	        "organisation any more', ended = ? WHERE state IN ('allocating', 'open') AND user "
	        "IN " THEIRS,
	        "iss", now, organisation, issuer) &&
	    database_exec(database, error, "DELETE FROM tokens WHERE user IN " THEIRS, "ss",
	        organisation, issuer) &&
	    database_commit(database, error))
		return true;
	database_rollback(database);
	return false;
}
