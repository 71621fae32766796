/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/account.h"

#include <string.h>

#include "common/error.h"

#define NO_USER "there is no user %s"

#define NAME_MAX_SIZE 64
#define COLUMNS                                                                                    \
	"name, password, admin, created, principal, full_name, manager, "                          \
	"(SELECT issuer FROM identities WHERE user = name)"

void account_free(struct account *account)
{
	if (!account)
		return;
	g_free(account->name);
	g_free(account->password);
	g_free(account->principal);
	g_free(account->full_name);
	g_free(account->manager);
	g_free(account->issuer);
	g_free(account);
}

bool account_name_is_valid(const char *name, GError **error)
{
	size_t n = strlen(name);
	bool valid = n >= 1 && n <= NAME_MAX_SIZE && g_ascii_isalnum(name[0]);
	for (size_t i = 0; valid && i < n; i++)
		valid = g_ascii_isalnum(name[i]) || strchr("._@-", name[i]);
	if (!valid)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "a user's name is 1 to %d letters (A-Z, a-z), digits and . _ @ -, and begins "
		    "with a "
		    "letter or digit",
		    NAME_MAX_SIZE);
	return valid;
}

static void *account_from_row(struct rows *rows)
{
	struct account *account = g_new0(struct account, 1);
	account->name = g_strdup(rows_string(rows, 0));
	account->password = g_strdup(rows_string(rows, 1));
	account->admin = rows_int(rows, 2) != 0;
	account->created = rows_int(rows, 3);
	account->principal = g_strdup(rows_string(rows, 4));
	account->full_name = g_strdup(rows_string(rows, 5));
	account->manager = g_strdup(rows_string(rows, 6));
	account->issuer = g_strdup(rows_string(rows, 7));
	return account;
}

static bool not_found(const char *name, GError **error)
{
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND, NO_USER, name);
	return false;
}

struct account *account_find(struct database *database, const char *name, GError **error)
{
	struct rows *rows = database_query(
	    database, error, "SELECT " COLUMNS " FROM users WHERE name = ?", "s", name);
	return rows_first(rows, account_from_row, error, NO_USER, name);
}

bool account_add(struct database *database, const char *name, const char *password, bool admin,
    int64_t now, GError **error)
{
	if (!database_exec(database, error,
	        "INSERT INTO users (name, password, admin, created) VALUES (?, ?, ?, ?) "
	        "ON CONFLICT DO NOTHING",
	        "ssii", name, password, (int64_t)admin, now))
		return false;
	if (database_changes(database) == 1)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
	    "there is a user %s already; set the password or choose another name", name);
	return false;
}

bool account_set_password(
    struct database *database, const char *name, const char *password, GError **error)
{
	if (!database_exec(database, error, "UPDATE users SET password = ? WHERE name = ?", "ss",
	        password, name))
		return false;
	return database_changes(database) == 1 || not_found(name, error);
}

bool account_remove(struct database *database, const char *name, GError **error)
{
	if (!database_exec(database, error, "DELETE FROM users WHERE name = ?", "s", name))
		return false;
	return database_changes(database) == 1 || not_found(name, error);
}

GPtrArray *account_list(
    struct database *database, const char *after, unsigned limit, GError **error)
{
	struct rows *rows = database_query(database, error,
	    "SELECT " COLUMNS " FROM users WHERE name > ? ORDER BY name LIMIT ?", "si", after,
	    (int64_t)limit);
	return rows_list(rows, account_from_row, (GDestroyNotify)account_free, error);
}
