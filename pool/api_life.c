/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people order of a phone that its host alone does: nothing of it is recorded here, the host's
 * next description shows it.
 */
#include "common/error.h"
#include "common/json.h"
#include "pool/api.h"
#include "pool/record_phone.h"
#include "pool/volume_claim.h"

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

/* A wipe takes the volume of the phone's user with it, which is recorded here. */
struct wipe {
	struct manager *manager;
	struct http_request *request;
	char *volume; /* NULL: none */
};

static void wiped(const struct http_reply *reply, const GError *cause, void *data)
{
	struct wipe *wipe = data;
	g_autoptr(GError) error = cause ? g_error_copy(cause) : NULL;

	if (error || (wipe->volume && !volume_ended(wipe->manager, wipe->volume, &error)))
		http_respond_error(wipe->request, error);
	else if (reply->json)
		http_respond_json(wipe->request, reply->status, json_node_copy(reply->json));
	else
		http_respond_empty(wipe->request, reply->status);
	g_free(wipe->volume);
	g_free(wipe);
}

void api_phone_wipe(struct http_request *request, void *data)
{
	struct manager *m = data;
	g_autofree char *who = api_caller(request);
	g_autoptr(GError) error = NULL;
	const char *uuid = api_uuid(request, &error);
	struct host *host =
	    uuid && check_use(m, uuid, &error) ? api_host_of_phone(m, uuid, &error) : NULL;
	AUTO(volume_record) volume = host ? volume_record_of_phone(m->db, uuid, &error) : NULL;

	if (volume)
		volume_order_end(m, volume, "its phone is wiped", who, &error);
	if (error) {
		http_respond_error(request, error);
		return;
	}
	g_autofree char *path = g_strdup_printf("/v1/phones/%s/wipe", uuid);
	struct wipe *wipe = g_new(struct wipe, 1);
	*wipe = (struct wipe){m, request, volume ? g_strdup(volume->id) : NULL};
	http_request_hold(request);
	host_call(host, HOST_QVISORD,
	    &(struct http_call){.method = "POST", .path = path, .timeout_ms = LIFE_TIMEOUT_MS},
	    NULL, wiped, wipe);
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
