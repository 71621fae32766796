/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people order of a phone that its host alone does: nothing of it is recorded here, the host's
 * next description shows it.
 */
#include "common/error.h"
#include "common/json.h"
#include "pool/api.h"
#include "pool/record_phone.h"

#define LIFE_TIMEOUT_MS 180000 /* gigabytes may have to be written */

/* A spare clone is nobody's to change: it would be replaced, or given to a user as it is then. */
static bool check_use(struct manager *m, const char *uuid, GError **error)
{
	AUTO(phone_record) r = phone_record_get(m->db, uuid, NULL);

	if (!r || !r->pool || r->owner || r->lease)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
	    "phone %s stands by in pool '%s'; take it first, by a lease", uuid, r->pool);
	return false;
}

static void order(
    struct http_request *request, struct manager *m, const char *method, const char *suffix)
{
	g_autoptr(GError) error = NULL;
	const char *uuid = api_uuid(request, &error);
	bool has_body = uuid && g_bytes_get_size(http_request_body(request)) > 0;
	JsonObject *body = has_body ? http_request_json(request, &error) : NULL;

	if (error || !check_use(m, uuid, &error))
		http_respond_error(request, error);
	else
		api_forward_phone(request, m, method, suffix,
		    body ? json_node_of(json_object_ref(body)) : NULL, LIFE_TIMEOUT_MS);
}

void api_phone_change(struct http_request *request, void *data)
{
	order(request, data, "PATCH", "");
}

void api_phone_suspend(struct http_request *request, void *data)
{
	order(request, data, "POST", "/suspend");
}

void api_phone_reset(struct http_request *request, void *data)
{
	order(request, data, "POST", "/reset");
}

void api_phone_wipe(struct http_request *request, void *data)
{
	order(request, data, "POST", "/wipe");
}

/* --- snapshots --- */

void api_snapshot_list(struct http_request *request, void *data)
{
	api_forward_phone(request, data, "GET", "/snapshots", NULL, 0);
}

void api_snapshot_take(struct http_request *request, void *data)
{
	order(request, data, "POST", "/snapshots");
}

void api_snapshot_restore(struct http_request *request, void *data)
{
	g_autofree char *suffix =
	    http_path("/snapshots/%s/restore", http_request_parameter(request, "name"));

	order(request, data, "POST", suffix);
}

void api_snapshot_delete(struct http_request *request, void *data)
{
	g_autofree char *suffix =
	    http_path("/snapshots/%s", http_request_parameter(request, "name"));

	order(request, data, "DELETE", suffix);
}
