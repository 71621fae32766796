/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/uaas/organisation.h"

#include <string.h>

#include "broker/oidc/organisation_name.h"
#include "broker/oidc/provider_metadata.h"
#include "common/error.h"

#define NO_ORGANISATION "there is no organisation %s"
#define COLUMNS "domain, issuer, client_id, changed"
#define CLIENT_ID_MAX 255

const char *const organisation_schema[] = {
    "CREATE TABLE organisations ("
    "  domain TEXT PRIMARY KEY,"
    "  issuer TEXT NOT NULL,"
    "  client_id TEXT NOT NULL,"
    "  changed INTEGER NOT NULL"
    ") STRICT;",
    NULL,
};

void organisation_free(struct organisation *organisation)
{
	if (!organisation)
		return;
	g_free(organisation->domain);
	g_free(organisation->issuer);
	g_free(organisation->client_id);
	g_free(organisation);
}

static bool is_client_id(const char *text)
{
	size_t n = strlen(text);
	for (const char *c = text; *c; c++)
		if (!g_ascii_isprint(*c))
			return false;
	return n > 0 && n <= CLIENT_ID_MAX;
}

static bool is_valid(const struct organisation *organisation, GError **error)
{
	if (!organisation_name_is_valid(organisation->domain)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "\"%s\" is no organisation's name: that is its domain in lower case, such as "
		    "company.example, of at most %d characters",
		    organisation->domain, ORGANISATION_NAME_MAX);
		return false;
	}
	if (!is_client_id(organisation->client_id)) {
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "client_id: 1 to 255 printable characters, as its provider registered us");
		return false;
	}
	g_autofree char *origin = provider_origin(organisation->issuer, error);
	return origin != NULL;
}

bool organisation_put(
    struct database *database, const struct organisation *organisation, GError **error)
{
	return is_valid(organisation, error) &&
	       database_exec(database, error,
	           "INSERT INTO organisations (" COLUMNS ") VALUES (?, ?, ?, ?) "
	           "ON CONFLICT (domain) DO UPDATE SET issuer = excluded.issuer, "
	           "client_id = excluded.client_id, changed = excluded.changed",
	           "sssi", organisation->domain, organisation->issuer, organisation->client_id,
	           organisation->changed);
}

static void *organisation_from_row(struct rows *rows)
{
	struct organisation *organisation = g_new0(struct organisation, 1);
	organisation->domain = g_strdup(rows_string(rows, 0));
	organisation->issuer = g_strdup(rows_string(rows, 1));
	organisation->client_id = g_strdup(rows_string(rows, 2));
	organisation->changed = rows_int(rows, 3);
	return organisation;
}

struct organisation *organisation_find(
    struct database *database, const char *domain, GError **error)
{
	struct rows *rows = database_query(
	    database, error, "SELECT " COLUMNS " FROM organisations WHERE domain = ?", "s", domain);
	return rows_first(rows, organisation_from_row, error, NO_ORGANISATION, domain);
}

bool organisation_remove(struct database *database, const char *domain, GError **error)
{
	if (!database_exec(
	        database, error, "DELETE FROM organisations WHERE domain = ?", "s", domain))
		return false;
	if (database_changes(database) == 1)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND, NO_ORGANISATION, domain);
	return false;
}

GPtrArray *organisation_list(
    struct database *database, const char *after, unsigned limit, GError **error)
{
	struct rows *rows = database_query(database, error,
	    "SELECT " COLUMNS " FROM organisations WHERE domain > ? ORDER BY domain LIMIT ?", "si",
	    after, (int64_t)limit);
	return rows_list(rows, organisation_from_row, (GDestroyNotify)organisation_free, error);
}
