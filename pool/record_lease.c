/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/record_lease.h"

#include "common/error.h"

#define SELECT "SELECT id, user, pool, slot, phone, since, ended, end_reason FROM leases "

void lease_record_free(struct lease_record *r)
{
	if (!r)
		return;
	g_free(r->id);
	g_free(r->user);
	g_free(r->pool);
	g_free(r->slot);
	g_free(r->phone);
	g_free(r->end_reason);
	g_free(r);
}

bool lease_record_insert(struct database *db, const struct lease_record *r, GError **error)
{
	/* The indices decide; a refused row tells itself from a broken database by not being
	 * there. */
	if (!database_exec(db, error,
	        "INSERT INTO leases (id, user, pool, slot, phone, since)"
	        " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
	        "sssssi", r->id, r->user, r->pool, r->slot, r->phone, r->since))
		return false;
	if (database_changes(db) == 1)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
	    "the phone or the slot has been leased in the meantime");
	return false;
}

bool lease_record_end(
    struct database *db, const char *id, const char *reason, int64_t now, GError **error)
{
	return database_exec(db, error,
	    "UPDATE leases SET ended = ?, end_reason = ? WHERE id = ? AND ended IS NULL", "iss",
	    now, reason, id);
}

bool lease_record_delete(struct database *db, const char *id, GError **error)
{
	return database_exec(db, error, "DELETE FROM leases WHERE id = ?", "s", id);
}

bool lease_record_forget_before(struct database *db, int64_t ended, GError **error)
{
	return database_exec(db, error, "DELETE FROM leases WHERE ended < ?", "i", ended);
}

static void *read_row(struct rows *rows)
{
	struct lease_record *r = g_new0(struct lease_record, 1);

	r->id = g_strdup(rows_string(rows, 0));
	r->user = g_strdup(rows_string(rows, 1));
	r->pool = g_strdup(rows_string(rows, 2));
	r->slot = g_strdup(rows_string(rows, 3));
	r->phone = g_strdup(rows_string(rows, 4));
	r->since = rows_int(rows, 5);
	r->ended = rows_is_null(rows, 6) ? 0 : rows_int(rows, 6);
	r->end_reason = g_strdup(rows_string(rows, 7));
	return r;
}

struct lease_record *lease_record_get(struct database *db, const char *id, GError **error)
{
	return rows_first(database_query(db, error, SELECT "WHERE id = ?", "s", id), read_row,
	    error, "there is no lease %s; see GET /v1/leases", id);
}

struct lease_record *lease_record_find(
    struct database *db, const char *user, const char *pool, const char *slot, GError **error)
{
	AUTO(rows)
	rows = database_query(db, error,
	    SELECT "WHERE user = ? AND pool = ? AND slot = ? AND ended IS NULL", "sss", user, pool,
	    slot);

	return rows && rows_next(rows, error) ? read_row(rows) : NULL;
}

GPtrArray *lease_record_list(struct database *db, const struct lease_filter *f, GError **error)
{
	return rows_list(database_query(db, error,
	                     SELECT "WHERE (?1 IS NULL OR user = ?1) AND (?2 IS NULL OR phone = ?2)"
	                            " AND (?3 IS NULL OR pool = ?3) AND (?4 OR ended IS NULL)"
	                            " AND (?5 IS NULL OR id > ?5) ORDER BY id LIMIT ?6",
	                     "sssisi", f->user, f->phone, f->pool, (int64_t)f->ended, f->after,
	                     (int64_t)f->limit),
	    read_row, (GDestroyNotify)lease_record_free, error);
}
