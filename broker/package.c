/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/package.h"

#include <string.h>

#include "broker/account.h"
#include "common/error.h"

#define COLUMNS "p.id, p.name, p.kind, p.pool, p.application, p.icon"

void package_free(struct package *package)
{
	if (!package)
		return;
	g_free(package->id);
	g_free(package->name);
	g_free(package->kind);
	g_free(package->pool);
	g_free(package->application);
	g_free(package->icon);
	g_free(package);
}

/* 1..max of letters, digits and `others`, the first a letter or digit. */
static bool is_word(const char *text, size_t max, const char *others)
{
	size_t n = strlen(text);
	if (n < 1 || n > max || !g_ascii_isalnum(text[0]))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!g_ascii_isalnum(text[i]) && !strchr(others, text[i]))
			return false;
	return true;
}

static bool is_id(const char *text)
{
	if (!is_word(text, 64, "-"))
		return false;
	for (; *text; text++)
		if (g_ascii_isupper(*text))
			return false;
	return true;
}

static bool is_readable(const char *text)
{
	glong n = g_utf8_strlen(text, -1);
	if (n < 1 || n > 64)
		return false;
	for (; *text; text = g_utf8_next_char(text))
		if (!g_unichar_isprint(g_utf8_get_char(text)))
			return false;
	return true;
}

bool package_is_valid(const struct package *package, GError **error)
{
	const char *wrong = NULL;
	bool application = g_str_equal(package->kind, "application");
	if (!is_id(package->id))
		wrong = "id: 1 to 64 of a-z, 0-9 and -";
	else if (!is_readable(package->name))
		wrong = "name: 1 to 64 printable characters";
	else if (!application && !g_str_equal(package->kind, "phone"))
		wrong = "kind: phone or application";
	else if (!is_word(package->pool, 64, "._-"))
		wrong = "pool: the name of a pool";
	else if (application &&
	         (!package->application || !is_word(package->application, 128, "._-")))
		wrong = "application: a desktop id such as org.gnome.Calculator";
	else if (!application && package->application)
		wrong = "application: only with kind application";
	else if (!g_str_has_prefix(package->icon, "/icons/") ||
	         !is_word(package->icon + strlen("/icons/"), 64, ".-_"))
		wrong = "icon: a path below /icons/, for example " PACKAGE_ICON_DEFAULT;
	if (wrong)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "package %s", wrong);
	return !wrong;
}

static void *package_from_row(struct rows *rows)
{
	struct package *package = g_new0(struct package, 1);
	package->id = g_strdup(rows_string(rows, 0));
	package->name = g_strdup(rows_string(rows, 1));
	package->kind = g_strdup(rows_string(rows, 2));
	package->pool = g_strdup(rows_string(rows, 3));
	package->application = g_strdup(rows_string(rows, 4));
	package->icon = g_strdup(rows_string(rows, 5));
	return package;
}

/* The one row of `rows`, or NULL without error. */
static struct package *take_first(struct rows *rows, GError **error)
{
	return rows && rows_next(rows, error) ? package_from_row(rows) : NULL;
}

static bool not_found(const char *id, GError **error)
{
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "there is no package %s", id);
	return false;
}

bool package_put(struct database *database, const struct package *package, int64_t now, bool *added,
    GError **error)
{
	if (!package_is_valid(package, error) ||
	    !database_exec(database, error,
	        "UPDATE packages SET name = ?, kind = ?, pool = ?, application = ?, icon = ? "
	        "WHERE id = ?",
	        "ssssss", package->name, package->kind, package->pool, package->application,
	        package->icon, package->id))
		return false;
	*added = database_changes(database) == 0;
	return !*added ||
	       database_exec(database, error,
	           "INSERT INTO packages (id, name, kind, pool, application, icon, created) "
	           "VALUES (?, ?, ?, ?, ?, ?, ?)",
	           "ssssssi", package->id, package->name, package->kind, package->pool,
	           package->application, package->icon, now);
}

bool package_remove(struct database *database, const char *id, GError **error)
{
	if (!database_exec(database, error, "DELETE FROM packages WHERE id = ?", "s", id))
		return false;
	return database_changes(database) == 1 || not_found(id, error);
}

struct package *package_find(struct database *database, const char *id, GError **error)
{
	AUTO(rows)
	rows = database_query(
	    database, error, "SELECT " COLUMNS " FROM packages p WHERE p.id = ?", "s", id);
	GError *failure = NULL;
	struct package *package = rows ? take_first(rows, &failure) : NULL;
	if (failure)
		g_propagate_error(error, failure);
	else if (rows && !package)
		not_found(id, error);
	return package;
}

GPtrArray *package_list(struct database *database, const char *user, GError **error)
{
	struct rows *rows =
	    user ? database_query(database, error,
	               "SELECT " COLUMNS
	               " FROM packages p JOIN package_holders g ON g.package = p.id "
	               "WHERE g.user = ? ORDER BY p.name, p.id",
	               "s", user)
	         : database_query(database, error,
	               "SELECT " COLUMNS " FROM packages p ORDER BY p.name, p.id", "");
	return rows_list(rows, package_from_row, (GDestroyNotify)package_free, error);
}

bool package_grant(
    struct database *database, const char *id, const char *user, int64_t now, GError **error)
{
	AUTO(package) package = package_find(database, id, error);
	AUTO(account) account = package ? account_find(database, user, error) : NULL;
	return account &&
	       database_exec(database, error,
	           "INSERT INTO package_grants (package, user, created) VALUES (?, ?, ?) "
	           "ON CONFLICT DO NOTHING",
	           "ssi", id, account->name, now);
}

bool package_grant_audience(struct database *database, const char *id, const char *kind,
    const char *name, int64_t now, GError **error)
{
	AUTO(package) package = package_find(database, id, error);
	return package && database_exec(database, error,
	                      "INSERT INTO package_audiences (package, kind, name, created) "
	                      "VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
	                      "sssi", id, kind, name, now);
}

bool package_revoke_audience(
    struct database *database, const char *id, const char *kind, const char *name, GError **error)
{
	if (!database_exec(database, error,
	        "DELETE FROM package_audiences WHERE package = ? AND kind = ? AND name = ?", "sss",
	        id, kind, name))
		return false;
	if (database_changes(database) == 1)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "%s %s does not have package %s", kind,
	    name, id);
	return false;
}

bool package_revoke(struct database *database, const char *id, const char *user, GError **error)
{
	if (!database_exec(database, error,
	        "DELETE FROM package_grants WHERE package = ? AND user = ?", "ss", id, user))
		return false;
	if (database_changes(database) == 1)
		return true;
	g_set_error(
	    error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "user %s does not have package %s", user, id);
	return false;
}

static void *name_from_row(struct rows *rows)
{
	return g_strdup(rows_string(rows, 0));
}

GPtrArray *package_grantees(struct database *database, const char *id, GError **error)
{
	struct rows *rows = database_query(database, error,
	    "SELECT user FROM package_grants WHERE package = ? ORDER BY user", "s", id);
	return rows_list(rows, name_from_row, g_free, error);
}

GPtrArray *package_audience(
    struct database *database, const char *id, const char *kind, GError **error)
{
	struct rows *rows = database_query(database, error,
	    "SELECT name FROM package_audiences WHERE package = ? AND kind = ? ORDER BY name", "ss",
	    id, kind);
	return rows_list(rows, name_from_row, g_free, error);
}

struct package *package_for_user(
    struct database *database, const char *id, const char *user, GError **error)
{
	AUTO(rows)
	rows = database_query(database, error,
	    "SELECT " COLUMNS " FROM packages p JOIN package_holders g ON g.package = p.id "
	    "WHERE p.id = ? AND g.user = ?",
	    "ss", id, user);
	GError *failure = NULL;
	struct package *package = rows ? take_first(rows, &failure) : NULL;
	if (failure)
		g_propagate_error(error, failure);
	else if (rows && !package)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_DENIED,
		    "you do not have package %s; ask your administrator for it", id);
	return package;
}

bool package_end_lost_sessions(struct database *database, int64_t now, GError **error)
{
	return database_exec(database, error,
	    "UPDATE sessions SET state = 'closed', reason = 'the package was taken away', ended = "
	    "? "
	    "WHERE state IN ('allocating', 'open') AND NOT EXISTS (SELECT 1 FROM package_holders h "
	    "WHERE h.package = sessions.package AND h.user = sessions.user)",
	    "i", now);
}
