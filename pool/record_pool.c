/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/record_pool.h"

#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "pool/name.h"

#define COLUMNS "name, template, ready, max, volatile, rule, volumes, network"

void pool_record_free(struct pool_record *r)
{
	if (!r)
		return;
	g_free(r->name);
	g_free(r->template);
	g_free(r->rule);
	g_free(r->network);
	g_free(r);
}

static bool known_members(JsonObject *object, GError **error)
{
	static const char *const known[] = {
	    "name", "template", "ready", "max", "volatile", "rule", "volumes", "network", NULL};
	JsonObjectIter iter;
	const char *member;

	json_object_iter_init(&iter, object);
	while (json_object_iter_next(&iter, &member, NULL)) {
		if (g_strv_contains(known, member))
			continue;
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "a pool has no \"%.40s\"; it has template, ready, max, volatile, "
		    "volumes, network and rule",
		    member);
		return false;
	}
	return true;
}

static bool patch_name(JsonObject *object, const char *member, char **field, GError **error)
{
	g_autoptr(GError) e = NULL;
	const char *text = json_get_optional_string(object, member, NAME_MAX_LENGTH, &e);

	if (e || (text && !name_check(text, member, &e))) {
		g_propagate_error(error, g_steal_pointer(&e));
		return false;
	}
	if (text) {
		g_free(*field);
		*field = g_strdup(text);
	}
	return true;
}

/* null: as each host has it. */
static bool patch_network(JsonObject *object, char **network, GError **error)
{
	g_autoptr(GError) e = NULL;
	bool is_null = json_object_has_member(object, "network") &&
	               json_object_get_null_member(object, "network");
	const char *text =
	    is_null ? NULL : json_get_optional_string(object, "network", NETWORK_MAX_LENGTH, &e);

	g_autofree char *normal = text ? name_network(text, &e) : NULL;

	if (e) {
		g_propagate_error(error, g_steal_pointer(&e));
		return false;
	}
	if (is_null || text) {
		g_free(*network);
		*network = g_steal_pointer(&normal);
	}
	return true;
}

bool pool_record_patch(struct pool_record *r, JsonObject *object, GError **error)
{
	gint64 ready, max;
	bool is_volatile, volumes;

	if (!known_members(object, error) || !patch_name(object, "template", &r->template, error) ||
	    !patch_name(object, "rule", &r->rule, error) ||
	    !patch_network(object, &r->network, error) ||
	    !json_get_optional_int(object, "ready", 0, POOL_MAX_PHONES, r->ready, &ready, error) ||
	    !json_get_optional_int(object, "max", 1, POOL_MAX_PHONES, r->max, &max, error) ||
	    !json_get_optional_bool(object, "volatile", r->volatile_phones, &is_volatile, error) ||
	    !json_get_optional_bool(object, "volumes", r->volumes, &volumes, error))
		return false;
	if (ready > max) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "\"ready\" is %d, more than \"max\", %d", (int)ready, (int)max);
		return false;
	}
	r->ready = (int)ready;
	r->max = (int)max;
	r->volatile_phones = is_volatile;
	r->volumes = volumes;
	return true;
}

struct pool_record *pool_record_parse(JsonObject *object, GError **error)
{
	AUTO(pool_record) r = g_new0(struct pool_record, 1);
	const char *name = json_get_string(object, "name", NAME_MAX_LENGTH, error);

	if (!name || !name_check(name, "name", error) ||
	    !json_get_string(object, "template", NAME_MAX_LENGTH, error))
		return NULL;
	r->name = g_strdup(name);
	r->ready = 2;
	r->max = 16;
	r->rule = g_strdup("allocate");
	/* A small max alone is meant to be possible: the default of ready gives way. */
	if (!json_object_has_member(object, "ready") && json_object_has_member(object, "max"))
		r->ready = 1;
	return pool_record_patch(r, object, error) ? g_steal_pointer(&r) : NULL;
}

bool pool_record_save(struct database *db, const struct pool_record *r, GError **error)
{
	return database_exec(db, error,
	    "INSERT INTO pools (" COLUMNS ") VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
	    " ON CONFLICT (name) DO UPDATE SET template = excluded.template,"
	    " ready = excluded.ready, max = excluded.max, volatile = excluded.volatile,"
	    " rule = excluded.rule, volumes = excluded.volumes, network = excluded.network",
	    "ssiiisis", r->name, r->template, (int64_t)r->ready, (int64_t)r->max,
	    (int64_t)r->volatile_phones, r->rule, (int64_t)r->volumes, r->network);
}

static void *read_row(struct rows *rows)
{
	struct pool_record *r = g_new0(struct pool_record, 1);

	r->name = g_strdup(rows_string(rows, 0));
	r->template = g_strdup(rows_string(rows, 1));
	r->ready = (int)rows_int(rows, 2);
	r->max = (int)rows_int(rows, 3);
	r->volatile_phones = rows_int(rows, 4) != 0;
	r->rule = g_strdup(rows_string(rows, 5));
	r->volumes = rows_int(rows, 6) != 0;
	r->network = g_strdup(rows_string(rows, 7));
	return r;
}

GPtrArray *pool_record_list(struct database *db, GError **error)
{
	return rows_list(
	    database_query(db, error, "SELECT " COLUMNS " FROM pools ORDER BY name", ""), read_row,
	    (GDestroyNotify)pool_record_free, error);
}

struct pool_record *pool_record_get(struct database *db, const char *name, GError **error)
{
	return rows_first(
	    database_query(db, error, "SELECT " COLUMNS " FROM pools WHERE name = ?", "s", name),
	    read_row, error, "there is no pool '%s'; see GET /v1/pools", name);
}

bool pool_record_delete(struct database *db, const char *name, GError **error)
{
	return database_exec(db, error, "DELETE FROM pools WHERE name = ?", "s", name);
}
