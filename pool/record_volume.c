/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/record_volume.h"

#define COLUMNS "id, user, pool, slot, host, phone, made, created"

void volume_record_free(struct volume_record *r)
{
	if (!r)
		return;
	g_free(r->id);
	g_free(r->user);
	g_free(r->pool);
	g_free(r->slot);
	g_free(r->host);
	g_free(r->phone);
	g_free(r);
}

bool volume_record_insert(struct database *db, const struct volume_record *r, GError **error)
{
	return database_exec(db, error,
	    "INSERT INTO volumes (" COLUMNS ") VALUES (?, ?, ?, ?, ?, NULL, 0, ?)", "sssssi", r->id,
	    r->user, r->pool, r->slot, r->host, r->created);
}

bool volume_record_forget_phone(struct database *db, const char *phone, GError **error)
{
	return database_exec(
	    db, error, "UPDATE volumes SET phone = NULL WHERE phone = ?", "s", phone);
}

bool volume_record_give(struct database *db, const char *id, const char *phone, GError **error)
{
	return database_exec(
	    db, error, "UPDATE volumes SET phone = ? WHERE id = ?", "ss", phone, id);
}

bool volume_record_set_made(struct database *db, const char *id, GError **error)
{
	return database_exec(db, error, "UPDATE volumes SET made = 1 WHERE id = ?", "s", id);
}

bool volume_record_set_host(
    struct database *db, const char *phone, const char *host, GError **error)
{
	return database_exec(
	    db, error, "UPDATE volumes SET host = ? WHERE phone = ?", "ss", host, phone);
}

bool volume_record_delete(struct database *db, const char *id, GError **error)
{
	return database_exec(db, error, "DELETE FROM volumes WHERE id = ?", "s", id);
}

static void *read_row(struct rows *rows)
{
	struct volume_record *r = g_new0(struct volume_record, 1);

	r->id = g_strdup(rows_string(rows, 0));
	r->user = g_strdup(rows_string(rows, 1));
	r->pool = g_strdup(rows_string(rows, 2));
	r->slot = g_strdup(rows_string(rows, 3));
	r->host = g_strdup(rows_string(rows, 4));
	r->phone = g_strdup(rows_string(rows, 5));
	r->made = rows_int(rows, 6) != 0;
	r->created = rows_int(rows, 7);
	return r;
}

struct volume_record *volume_record_find(
    struct database *db, const char *user, const char *pool, const char *slot, GError **error)
{
	AUTO(rows)
	rows = database_query(db, error,
	    "SELECT " COLUMNS " FROM volumes WHERE user = ? AND pool = ? AND slot = ?", "sss", user,
	    pool, slot);

	return rows && rows_next(rows, error) ? read_row(rows) : NULL;
}

struct volume_record *volume_record_of_phone(struct database *db, const char *phone, GError **error)
{
	AUTO(rows)
	rows = database_query(
	    db, error, "SELECT " COLUMNS " FROM volumes WHERE phone = ?", "s", phone);

	return rows && rows_next(rows, error) ? read_row(rows) : NULL;
}

struct volume_record *volume_record_get(struct database *db, const char *id, GError **error)
{
	return rows_first(
	    database_query(db, error, "SELECT " COLUMNS " FROM volumes WHERE id = ?", "s", id),
	    read_row, error, "there is no volume '%s'; see GET /v1/volumes", id);
}

GPtrArray *volume_record_list(struct database *db, GError **error)
{
	return rows_list(database_query(db, error,
	                     "SELECT " COLUMNS " FROM volumes ORDER BY user, pool, slot", ""),
	    read_row, (GDestroyNotify)volume_record_free, error);
}
