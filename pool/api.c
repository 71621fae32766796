/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/api.h"

#include <stdlib.h>
#include <string.h>

#include "common/error.h"
#include "common/host_certificate.h"
#include "common/json.h"
#include "pool/name.h"
#include "pool/record_phone.h"

const struct http_route api_routes[] = {
    {"GET", "/v1/status", api_status, NULL},
    {"GET", "/v1/openapi.yaml", api_openapi, NULL},
    {"GET", "/v1/hosts", api_host_list, NULL},
    {"POST", "/v1/hosts", api_host_put, NULL},
    {"GET", "/v1/hosts/{id}", api_host_get, NULL},
    {"PATCH", "/v1/hosts/{id}", api_host_patch, NULL},
    {"DELETE", "/v1/hosts/{id}", api_host_delete, NULL},
    {"GET", "/v1/hosts/{id}/performance", api_host_performance, NULL},
    {"GET", "/v1/pools", api_pool_list, NULL},
    {"POST", "/v1/pools", api_pool_put, NULL},
    {"GET", "/v1/pools/{name}", api_pool_get, NULL},
    {"PATCH", "/v1/pools/{name}", api_pool_patch, NULL},
    {"DELETE", "/v1/pools/{name}", api_pool_delete, NULL},
    {"GET", "/v1/leases", api_lease_list, NULL},
    {"POST", "/v1/leases", api_lease_make, NULL},
    {"GET", "/v1/leases/{id}", api_lease_get, NULL},
    {"DELETE", "/v1/leases/{id}", api_lease_end, NULL},
    {"GET", "/v1/phones", api_phone_list, NULL},
    {"POST", "/v1/phones", api_phone_make, NULL},
    {"GET", "/v1/phones/{uuid}", api_phone_get, NULL},
    {"PATCH", "/v1/phones/{uuid}", api_phone_change, NULL},
    {"DELETE", "/v1/phones/{uuid}", api_phone_destroy, NULL},
    {"POST", "/v1/phones/{uuid}/start", api_phone_start, NULL},
    {"POST", "/v1/phones/{uuid}/stop", api_phone_stop, NULL},
    {"POST", "/v1/phones/{uuid}/suspend", api_phone_suspend, NULL},
    {"POST", "/v1/phones/{uuid}/reset", api_phone_reset, NULL},
    {"POST", "/v1/phones/{uuid}/wipe", api_phone_wipe, NULL},
    {"POST", "/v1/phones/{uuid}/migrate", api_phone_move, NULL},
    {"GET", "/v1/phones/{uuid}/migrate", api_phone_move_get, NULL},
    {"DELETE", "/v1/phones/{uuid}/migrate", api_phone_move_cancel, NULL},
    {"POST", "/v1/phones/{uuid}/take-back", api_phone_take_back, NULL},
    {"GET", "/v1/phones/{uuid}/snapshots", api_snapshot_list, NULL},
    {"POST", "/v1/phones/{uuid}/snapshots", api_snapshot_take, NULL},
    {"DELETE", "/v1/phones/{uuid}/snapshots/{name}", api_snapshot_delete, NULL},
    {"POST", "/v1/phones/{uuid}/snapshots/{name}/restore", api_snapshot_restore, NULL},
    {"GET", "/v1/phones/{uuid}/thumbnail", api_phone_thumbnail, NULL},
    {"DELETE", "/v1/phones/{uuid}/sessions/{session}", api_phone_end_session, NULL},
    {"GET", "/v1/phones/{uuid}/performance", api_phone_performance, NULL},
    {"GET", "/v1/phones/{uuid}/applications", api_phone_applications, NULL},
    {"POST", "/v1/phones/{uuid}/applications", api_phone_launch, NULL},
    {"GET", "/v1/volumes", api_volume_list, NULL},
    {"GET", "/v1/volumes/{uuid}", api_volume_get, NULL},
    {"DELETE", "/v1/volumes/{uuid}", api_volume_delete, NULL},
    {"GET", "/v1/templates", api_template_list, NULL},
    {"POST", "/v1/templates", api_template_build, NULL},
    {"GET", "/v1/operations", api_operation_list, NULL},
    {"GET", "/v1/operations/{id}", api_operation_get, NULL},
    {"DELETE", "/v1/operations/{id}", api_operation_cancel, NULL},
    {"GET", "/v1/orders", api_orders, NULL},
    {NULL, NULL, NULL, NULL},
};

bool api_guard(struct http_request *request, const struct http_route *route, GError **error)
{
	/* It looks itself which host it is. */
	return route->handler == api_host_put || host_certificate_refuse(request, route, error);
}

char *api_caller(struct http_request *request)
{
	const struct http_peer *peer = http_request_peer(request);
	const char *by = http_request_query(request, "by");
	g_autofree char *name = NULL;

	if (peer->kind == HTTP_PEER_UNIX)
		name = g_strdup_printf("uid %u", peer->uid);
	else if (peer->kind == HTTP_PEER_MUTUAL_TLS && peer->name)
		name = g_strdup(peer->name);
	else
		name = g_strdup(peer->address);
	if (by && name_check_user(by, NULL))
		return g_strdup_printf("%s by %s", by, name);
	return g_steal_pointer(&name);
}

const char *api_uuid(struct http_request *request, GError **error)
{
	const char *uuid = http_request_parameter(request, "uuid");

	return name_check_uuid(uuid, error) ? uuid : NULL;
}

bool api_limit(struct http_request *request, int fallback, int max, int *out, GError **error)
{
	const char *text = http_request_query(request, "limit");
	guint64 limit;

	*out = fallback;
	if (!text)
		return true;
	if (!g_ascii_string_to_unsigned(text, 10, 1, (guint64)max, &limit, NULL)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "\"limit\" has to be a number from 1 to %d", max);
		return false;
	}
	*out = (int)limit;
	return true;
}

bool api_flag(struct http_request *request, const char *name, bool *out, GError **error)
{
	const char *text = http_request_query(request, name);

	*out = g_strcmp0(text, "true") == 0;
	if (!text || *out || g_str_equal(text, "false"))
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "\"%s\" has to be true or false", name);
	return false;
}

void api_respond_object(struct http_request *request, unsigned status, JsonObject *object)
{
	http_respond_json(request, status, json_node_of(object));
}

void api_respond_list(
    struct http_request *request, const char *name, JsonArray *array, const char *next)
{
	JsonObject *object = json_object_new();
	g_autoptr(JsonNode) node = json_node_of(object);
	const char *known = http_request_header(request, "if-none-match");
	g_autofree char *text = NULL, *digest = NULL, *tag = NULL;

	json_object_set_array_member(object, name, array);
	if (next)
		json_object_set_string_member(object, "next", next);
	text = json_text(node);
	digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
	tag = g_strdup_printf("\"%.32s\"", digest);
	http_request_add_header(request, "ETag", tag);
	if (g_strcmp0(known, tag) == 0)
		http_respond_empty(request, 304);
	else
		http_respond_json(request, 200, g_steal_pointer(&node));
}

struct host *api_host_of_phone(struct manager *m, const char *uuid, GError **error)
{
	AUTO(phone_record) r = phone_record_get(m->db, uuid, NULL);
	struct host *host = r ? manager_host(m, r->host, NULL) : manager_find_phone(m, uuid);

	if (!host)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
		    "there is no phone %s; see GET /v1/phones", uuid);
	return host;
}
