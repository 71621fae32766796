/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/session_policy.h"

#include "common/error.h"

static const char *const second_terminals[] = {"share", "take-over", "look-on", NULL};

bool session_policy_second_is_valid(const char *second_terminal)
{
	return g_strv_contains(second_terminals, second_terminal);
}

bool session_policy_load(
    struct database *database, const char *package, struct session_policy *out, GError **error)
{
	GError *failure = NULL;
	AUTO(rows)
	rows = database_query(database, error,
	    "SELECT second_terminal, sessions, duration_s FROM package_policies WHERE package = ?",
	    "s", package);

	*out = (struct session_policy){"share", SESSION_POLICY_SESSIONS, 0};
	if (!rows)
		return false;
	if (rows_next(rows, &failure)) {
		g_strlcpy(out->second_terminal, rows_string(rows, 0), sizeof(out->second_terminal));
		out->sessions = rows_int(rows, 1);
		out->duration_s = rows_int(rows, 2);
	}
	if (!failure)
		return true;
	g_propagate_error(error, failure);
	return false;
}

bool session_policy_store(struct database *database, const char *package,
    const struct session_policy *policy, GError **error)
{
	if (!database_exec(database, error,
	        "INSERT INTO package_policies (package, second_terminal, sessions, duration_s) "
	        "SELECT id, ?, ?, ? FROM packages WHERE id = ? ON CONFLICT (package) DO UPDATE SET "
	        "second_terminal = excluded.second_terminal, sessions = excluded.sessions, "
	        "duration_s = excluded.duration_s",
	        "siis", policy->second_terminal, policy->sessions, policy->duration_s, package))
		return false;
	if (database_changes(database) == 1)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "there is no package %s", package);
	return false;
}

bool session_policy_make_room(struct database *database, const struct session_policy *policy,
    const char *user, const char *package, int64_t now, GError **error)
{
	return database_exec(database, error,
	    "UPDATE sessions SET state = 'closed', ended = ?, reason = 'too many open sessions' "
	    "WHERE user = ? AND package = ? AND state IN ('allocating', 'open') AND id NOT IN ("
	    "SELECT id FROM sessions WHERE user = ? AND package = ? AND state IN ('allocating', "
	    "'open') ORDER BY created DESC, rowid DESC LIMIT ?)",
	    "issssi", now, user, package, user, package, policy->sessions - 1);
}

bool session_policy_end_old(struct database *database, int64_t now, GError **error)
{
	return database_exec(database, error,
	    "UPDATE sessions SET state = 'closed', ended = ?, reason = 'its time is over' "
	    "WHERE state IN ('allocating', 'open') AND EXISTS (SELECT 1 FROM package_policies p "
	    "WHERE p.package = sessions.package AND p.duration_s > 0 "
	    "AND sessions.created + p.duration_s <= ?)",
	    "ii", now, now);
}
