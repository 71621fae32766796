/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/membership.h"

#include "broker/session.h"
#include "broker/token.h"
#include "common/error.h"

bool membership_is_fresh(struct database *database, const char *user, const char *principal,
    int64_t since, bool *fresh, GError **error)
{
	GError *failure = NULL;
	AUTO(rows)
	rows = database_query(database, error,
	    "SELECT 1 FROM users WHERE name = ? AND principal = ? AND checked >= ?", "ssi", user,
	    principal, since);
	*fresh = rows && rows_next(rows, &failure);
	if (failure)
		g_propagate_error(error, failure);
	return rows && !failure;
}

static bool put_user(struct database *database, const char *user, const char *principal,
    const struct realm_answer *person, bool admin, int64_t now, GError **error)
{
	if (!database_exec(database, error,
	        "INSERT INTO users (name, password, admin, created, principal, full_name, manager, "
	        "checked) VALUES (?, '', ?, ?, ?, ?, ?, ?) ON CONFLICT (name) DO UPDATE SET admin "
	        "= "
	        "excluded.admin, full_name = excluded.full_name, manager = excluded.manager, "
	        "checked = excluded.checked WHERE principal = excluded.principal",
	        "siisssi", user, (int64_t)admin, now, principal, person->full_name, person->manager,
	        now))
		return false;
	if (database_changes(database) == 1)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
	    "%s would be the user %s, which is another account; remove that one or rename it",
	    principal, user);
	return false;
}

static bool put_memberships(
    struct database *database, const char *user, const char *kind, char **names, GError **error)
{
	for (; *names; names++)
		if (!database_exec(database, error,
		        "INSERT INTO memberships (user, kind, name) VALUES (?, ?, ?) "
		        "ON CONFLICT DO NOTHING",
		        "sss", user, kind, *names))
			return false;
	return true;
}

static bool is_in(char **groups, const char *group)
{
	for (; group && *groups; groups++)
		if (g_ascii_strcasecmp(*groups, group) == 0)
			return true;
	return false;
}

static bool forget_memberships(struct database *database, const char *user, GError **error)
{
	return database_exec(database, error, "DELETE FROM memberships WHERE user = ?", "s", user);
}

bool membership_record(struct database *database, const char *user, const char *principal,
    const struct realm_answer *person, const char *admin_group, int64_t now, GError **error)
{
	if (!database_begin(database, error))
		return false;
	if (put_user(database, user, principal, person, is_in(person->groups, admin_group), now,
	        error) &&
	    forget_memberships(database, user, error) &&
	    put_memberships(database, user, "group", person->groups, error) &&
	    put_memberships(database, user, "unit", person->units, error) &&
	    database_commit(database, error))
		return true;
	database_rollback(database);
	return false;
}

bool membership_is_in_group(
    struct database *database, const char *user, const char *group, bool *member, GError **error)
{
	GError *failure = NULL;
	AUTO(rows)
	rows = database_query(database, error,
	    "SELECT 1 FROM memberships WHERE user = ? AND kind = 'group' AND name = ?", "ss", user,
	    group);
	*member = rows && rows_next(rows, &failure);
	if (failure)
		g_propagate_error(error, failure);
	return rows && !failure;
}

static void *name_from_row(struct rows *rows)
{
	return g_strdup(rows_string(rows, 0));
}

char *membership_principal(struct database *database, const char *user, GError **error)
{
	GError *failure = NULL;
	AUTO(rows)
	rows = database_query(
	    database, error, "SELECT principal FROM users WHERE name = ?", "s", user);
	char *principal = rows && rows_next(rows, &failure) ? name_from_row(rows) : NULL;
	if (failure)
		g_propagate_error(error, failure);
	return principal;
}

GPtrArray *membership_list_due(
    struct database *database, int64_t before, unsigned limit, GError **error)
{
	struct rows *rows = database_query(database, error,
	    "SELECT name FROM users WHERE principal IS NOT NULL AND checked < ? "
	    "AND name IN (SELECT user FROM tokens) ORDER BY checked LIMIT ?",
	    "ii", before, (int64_t)limit);
	return rows_list(rows, name_from_row, g_free, error);
}

bool membership_end(struct database *database, const char *user, int64_t now, GError **error)
{
	if (!database_begin(database, error))
		return false;
	if (forget_memberships(database, user, error) &&
	    database_exec(database, error, "UPDATE users SET admin = 0, checked = 0 WHERE name = ?",
	        "s", user) &&
	    token_end_all(database, user, error) &&
	    session_close_of_user(database, user, "left the directory", now, error) &&
	    database_commit(database, error))
		return true;
	database_rollback(database);
	return false;
}

bool membership_close_sessions(
    struct database *database, const char *user, int64_t now, GError **error)
{
	return database_exec(database, error,
	    "UPDATE sessions SET state = 'closed', reason = 'the package was taken away', ended = "
	    "? "
	    "WHERE user = ? AND state IN ('allocating', 'open') AND package NOT IN "
	    "(SELECT package FROM package_holders WHERE user = ?)",
	    "iss", now, user, user);
}

GPtrArray *membership_list(
    struct database *database, const char *user, const char *kind, GError **error)
{
	struct rows *rows = database_query(database, error,
	    "SELECT name FROM memberships WHERE user = ? AND kind = ? ORDER BY name", "ss", user,
	    kind);
	return rows_list(rows, name_from_row, g_free, error);
}
