/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/record_phone.h"

#include "common/error.h"

#define SELECT                                                                                     \
	"SELECT p.uuid, p.host, p.pool, p.template, p.stage, p.owner, p.created, l.id, l.user,"    \
	" l.slot, p.name, o.network, p.moving_to FROM phones p LEFT JOIN pools o ON o.name = "     \
	"p.pool"                                                                                   \
	" LEFT JOIN leases l ON l.phone = p.uuid AND l.ended IS NULL "

static const char *const stages[] = {"creating", "present", "releasing", "destroying"};

const char *phone_stage_name(enum phone_stage stage)
{
	return stages[stage];
}

void phone_record_free(struct phone_record *r)
{
	if (!r)
		return;
	g_free(r->uuid);
	g_free(r->host);
	g_free(r->moving_to);
	g_free(r->pool);
	g_free(r->template);
	g_free(r->name);
	g_free(r->network);
	g_free(r->owner);
	g_free(r->lease);
	g_free(r->user);
	g_free(r->slot);
	g_free(r);
}

bool phone_record_insert(struct database *db, const struct phone_record *r, GError **error)
{
	return database_exec(db, error,
	    "INSERT INTO phones (uuid, host, pool, template, stage, owner, created, name)"
	    " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
	    "ssssssis", r->uuid, r->host, r->pool, r->template, stages[r->stage], r->owner,
	    r->created, r->name);
}

bool phone_record_set_stage(
    struct database *db, const char *uuid, enum phone_stage stage, GError **error)
{
	return database_exec(
	    db, error, "UPDATE phones SET stage = ? WHERE uuid = ?", "ss", stages[stage], uuid);
}

bool phone_record_set_owner(
    struct database *db, const char *uuid, const char *owner, GError **error)
{
	return database_exec(
	    db, error, "UPDATE phones SET owner = ? WHERE uuid = ?", "ss", owner, uuid);
}

bool phone_record_set_moving(
    struct database *db, const char *uuid, const char *host, GError **error)
{
	return database_exec(
	    db, error, "UPDATE phones SET moving_to = ? WHERE uuid = ?", "ss", host, uuid);
}

bool phone_record_set_host(struct database *db, const char *uuid, const char *host, GError **error)
{
	return database_exec(db, error,
	    "UPDATE phones SET host = ?, moving_to = NULL WHERE uuid = ?", "ss", host, uuid);
}

bool phone_record_delete(struct database *db, const char *uuid, GError **error)
{
	return database_exec(db, error, "DELETE FROM phones WHERE uuid = ?", "s", uuid);
}

/* A stage that no version of ours has written is treated as the one that touches nothing. */
static enum phone_stage stage_of(const char *name)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(stages); i++)
		if (g_strcmp0(name, stages[i]) == 0)
			return (enum phone_stage)i;
	return PHONE_PRESENT;
}

static void *read_row(struct rows *rows)
{
	struct phone_record *r = g_new0(struct phone_record, 1);

	r->uuid = g_strdup(rows_string(rows, 0));
	r->host = g_strdup(rows_string(rows, 1));
	r->pool = g_strdup(rows_string(rows, 2));
	r->template = g_strdup(rows_string(rows, 3));
	r->stage = stage_of(rows_string(rows, 4));
	r->owner = g_strdup(rows_string(rows, 5));
	r->created = rows_int(rows, 6);
	r->lease = g_strdup(rows_string(rows, 7));
	r->user = g_strdup(rows_string(rows, 8));
	r->slot = g_strdup(rows_string(rows, 9));
	r->name = g_strdup(rows_string(rows, 10));
	r->network = g_strdup(rows_string(rows, 11));
	r->moving_to = g_strdup(rows_string(rows, 12));
	return r;
}

GPtrArray *phone_record_list(struct database *db, const struct phone_filter *filter, GError **error)
{
	return rows_list(
	    database_query(db, error,
	        SELECT "WHERE (?1 IS NULL OR p.host = ?1) AND (?2 IS NULL OR p.pool = ?2)"
	               " AND (?3 IS NULL OR l.user = ?3) AND (?4 IS NULL OR p.moving_to = ?4)"
	               " ORDER BY p.uuid",
	        "ssss", filter->host, filter->pool, filter->user, filter->moving_to),
	    read_row, (GDestroyNotify)phone_record_free, error);
}

struct phone_record *phone_record_get(struct database *db, const char *uuid, GError **error)
{
	return rows_first(database_query(db, error, SELECT "WHERE p.uuid = ?", "s", uuid), read_row,
	    error, "no phone %s is recorded; see GET /v1/phones", uuid);
}

int phone_record_count(struct database *db, const char *pool, GError **error)
{
	AUTO(rows)
	rows = database_query(db, error, "SELECT count(*) FROM phones WHERE pool = ?", "s", pool);

	if (!rows || !rows_next(rows, error))
		return -1;
	return (int)rows_int(rows, 0);
}
