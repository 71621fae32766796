/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/record_host.h"

#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "pool/name.h"

#define MAX_URL 512

static const char *const duties[] = {"active", "draining", "maintenance"};

const char *host_duty_name(enum host_duty duty)
{
	return duties[duty];
}

bool host_duty_parse(const char *text, enum host_duty *out, GError **error)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(duties); i++) {
		if (g_str_equal(text, duties[i])) {
			*out = (enum host_duty)i;
			return true;
		}
	}
	g_set_error(
	    error, QVMI_ERROR, QVMI_ERROR_INVALID, "\"duty\" is active, draining or maintenance");
	return false;
}

void host_record_free(struct host_record *r)
{
	if (!r)
		return;
	g_free(r->id);
	g_free(r->url);
	g_free(r->mtpd_url);
	g_free(r->mtp_address);
	g_free(r);
}

static bool url_check(const char *url, const char *member, GError **error)
{
	if (g_str_has_prefix(url, "unix:/") || g_str_has_prefix(url, "https://") ||
	    g_str_has_prefix(url, "http://127.0.0.1:"))
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "\"%s\" has to be unix:/PATH or https://HOST:PORT", member);
	return false;
}

static bool parse_mtp(JsonObject *object, struct host_record *r, GError **error)
{
	JsonObject *mtp = json_get_object(object, "mtp", error);
	const char *address;
	gint64 port, websocket_port;

	if (!mtp)
		return false;
	address = json_get_optional_string(mtp, "address", 255, error);
	if (!address && *error)
		return false;
	if (!json_get_int(mtp, "port", 1, 65535, &port, error) ||
	    !json_get_int(mtp, "websocket_port", 1, 65535, &websocket_port, error))
		return false;
	r->mtp_address = g_strdup(address ? address : "");
	r->mtp_port = (int)port;
	r->websocket_port = (int)websocket_port;
	return true;
}

struct host_record *host_record_parse(JsonObject *object, GError **error)
{
	AUTO(host_record) r = g_new0(struct host_record, 1);
	g_autoptr(GError) e = NULL;
	const char *id = json_get_string(object, "id", NAME_MAX_LENGTH, &e);
	const char *url = id ? json_get_string(object, "url", MAX_URL, &e) : NULL;
	const char *mtpd_url =
	    url ? json_get_optional_string(object, "mtpd_url", MAX_URL, &e) : NULL;

	if (e || !name_check(id, "id", &e) || !url_check(url, "url", &e) ||
	    (mtpd_url && !url_check(mtpd_url, "mtpd_url", &e)) || !parse_mtp(object, r, &e)) {
		g_propagate_error(error, g_steal_pointer(&e));
		return NULL;
	}
	r->id = g_strdup(id);
	r->url = g_strdup(url);
	r->mtpd_url = g_strdup(mtpd_url);
	return g_steal_pointer(&r);
}

bool host_record_same_place(const struct host_record *a, const struct host_record *b)
{
	return g_str_equal(a->id, b->id) && g_str_equal(a->url, b->url) &&
	       g_strcmp0(a->mtpd_url, b->mtpd_url) == 0 &&
	       g_str_equal(a->mtp_address, b->mtp_address) && a->mtp_port == b->mtp_port &&
	       a->websocket_port == b->websocket_port;
}

bool host_record_save(struct database *db, const struct host_record *r, GError **error)
{
	/* Not INSERT OR REPLACE: that deletes first, and phones refer to the row. */
	return database_exec(db, error,
	    "INSERT INTO hosts (id, url, mtpd_url, mtp_address, mtp_port, websocket_port)"
	    " VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET url = excluded.url,"
	    " mtpd_url = excluded.mtpd_url, mtp_address = excluded.mtp_address,"
	    " mtp_port = excluded.mtp_port, websocket_port = excluded.websocket_port",
	    "ssssii", r->id, r->url, r->mtpd_url, r->mtp_address, (int64_t)r->mtp_port,
	    (int64_t)r->websocket_port);
}

bool host_record_set_duty(struct database *db, const char *id, enum host_duty duty, GError **error)
{
	return database_exec(
	    db, error, "UPDATE hosts SET duty = ? WHERE id = ?", "ss", host_duty_name(duty), id);
}

bool host_record_delete(struct database *db, const char *id, GError **error)
{
	AUTO(rows)
	rows = database_query(db, error, "SELECT count(*) FROM phones WHERE host = ?", "s", id);
	int64_t phones;

	if (!rows || !rows_next(rows, error))
		return false;
	phones = rows_int(rows, 0);
	if (phones > 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "%d phones are recorded on host '%s'; destroy them first, or give the host up "
		    "with ?force=true",
		    (int)phones, id);
		return false;
	}
	return database_exec(db, error, "DELETE FROM hosts WHERE id = ?", "s", id);
}

static void *read_row(struct rows *rows)
{
	struct host_record *r = g_new0(struct host_record, 1);

	r->id = g_strdup(rows_string(rows, 0));
	r->url = g_strdup(rows_string(rows, 1));
	r->mtpd_url = g_strdup(rows_string(rows, 2));
	r->mtp_address = g_strdup(rows_string(rows, 3));
	r->mtp_port = (int)rows_int(rows, 4);
	r->websocket_port = (int)rows_int(rows, 5);
	if (!host_duty_parse(rows_string(rows, 6), &r->duty, NULL))
		r->duty = HOST_MAINTENANCE; /* of a newer poold: safest is to leave it alone */
	return r;
}

GPtrArray *host_record_list(struct database *db, GError **error)
{
	return rows_list(database_query(db, error,
	                     "SELECT id, url, mtpd_url, mtp_address, mtp_port, websocket_port,"
	                     " duty FROM hosts ORDER BY id",
	                     ""),
	    read_row, (GDestroyNotify)host_record_free, error);
}
