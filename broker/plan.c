/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/plan.h"

#include <string.h>

#include "broker/account.h"
#include "broker/oidc/organisation_name.h"
#include "common/error.h"

#define NAME_MAX_SIZE 64

bool plan_name_is_valid(const char *plan, GError **error)
{
	size_t n = strlen(plan);
	bool valid = n >= 1 && n <= NAME_MAX_SIZE && plan[0] != '-';
	for (size_t i = 0; valid && i < n; i++)
		valid = g_ascii_islower(plan[i]) || g_ascii_isdigit(plan[i]) || plan[i] == '-';
	if (!valid)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "a plan's name is 1 to %d of a-z, 0-9 and -", NAME_MAX_SIZE);
	return valid;
}

static bool give_to_user(
    struct database *database, const char *plan, const char *name, int64_t now, GError **error)
{
	AUTO(account) account = account_find(database, name, error);
	return account && database_exec(database, error,
	                      "INSERT INTO plan_users (plan, user, created) VALUES (?, ?, ?) "
	                      "ON CONFLICT DO NOTHING",
	                      "ssi", plan, account->name, now);
}

static bool give_to_organisation(
    struct database *database, const char *plan, const char *name, int64_t now, GError **error)
{
	if (organisation_name_is_valid(name))
		return database_exec(database, error,
		    "INSERT INTO plan_organisations (plan, organisation, created) "
		    "VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
		    "ssi", plan, name, now);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "\"%s\" is no organisation's name: that is its domain in lower case, such as "
	    "company.example",
	    name);
	return false;
}

bool plan_give(struct database *database, const char *plan, const char *kind, const char *name,
    int64_t now, GError **error)
{
	if (!plan_name_is_valid(plan, error))
		return false;
	return g_str_equal(kind, "user") ? give_to_user(database, plan, name, now, error)
	                                 : give_to_organisation(database, plan, name, now, error);
}

bool plan_take(
    struct database *database, const char *plan, const char *kind, const char *name, GError **error)
{
	const char *sql =
	    g_str_equal(kind, "user")
	        ? "DELETE FROM plan_users WHERE plan = ? AND user = ?"
	        : "DELETE FROM plan_organisations WHERE plan = ? AND organisation = ?";
	if (!database_exec(database, error, sql, "ss", plan, name))
		return false;
	if (database_changes(database) == 1)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "%s %s does not hold plan %s", kind,
	    name, plan);
	return false;
}

static void *name_from_row(struct rows *rows)
{
	return g_strdup(rows_string(rows, 0));
}

GPtrArray *plan_list(struct database *database, GError **error)
{
	struct rows *rows = database_query(database, error,
	    "SELECT plan FROM plan_users UNION SELECT plan FROM plan_organisations UNION "
	    "SELECT name FROM package_audiences WHERE kind = 'plan' ORDER BY 1",
	    "");
	return rows_list(rows, name_from_row, g_free, error);
}

GPtrArray *plan_holders(
    struct database *database, const char *plan, const char *kind, GError **error)
{
	const char *sql =
	    g_str_equal(kind, "user")
	        ? "SELECT user FROM plan_users WHERE plan = ? ORDER BY 1"
	        : "SELECT organisation FROM plan_organisations WHERE plan = ? ORDER BY 1";
	struct rows *rows = database_query(database, error, sql, "s", plan);
	return rows_list(rows, name_from_row, g_free, error);
}
