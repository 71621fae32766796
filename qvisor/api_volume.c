/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users' volumes, and which phone has which. */
#include "common/error.h"
#include "common/json.h"
#include "qvisor/api.h"
#include "qvisor/phone.h"
#include "qvisor/phone_table.h"
#include "qvisor/phone_volume.h"
#include "qvisor/user_volume.h"
#include "qvisor/user_volume_store.h"

/* A request that waits for a volume, and perhaps for a phone to have it. */
struct wish {
	struct http_request *request;
	struct host *host;
	char *id, *phone; /* phone NULL: just the volume */
};

static void wish_free(struct wish *wish)
{
	g_free(wish->id);
	g_free(wish->phone);
	g_free(wish);
}

static JsonNode *volume_json(const struct host *host, const char *id, GError **error)
{
	g_autofree char *folder = user_volume_store_find(host->volumes, id, error);
	g_autoptr(GError) damage = NULL;
	struct user_volume volume = {0};
	if (!folder)
		return NULL;
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "id", id);
	if (user_volume_read(folder, &volume, &damage)) {
		g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(volume.created);
		g_autofree char *created = g_date_time_format_iso8601(time);
		json_object_set_int_member(object, "size_mib", volume.size_mib);
		json_object_set_int_member(object, "used_mib", volume.used_mib);
		json_object_set_string_member(object, "created", created);
	} else {
		json_object_set_string_member(object, "problem", damage->message);
	}
	const struct phone *holder = phone_volume_holder(host, id);
	if (holder)
		json_object_set_string_member(object, "phone", holder->uuid);
	return json_node_of(object);
}

static bool check_kept(struct http_request *request, const struct host *host)
{
	if (host->volumes)
		return true;
	g_autoptr(GError) error = g_error_new_literal(
	    QVMI_ERROR, QVMI_ERROR_CONFLICT, "this host keeps no volumes; set host.volume-folder");
	http_respond_error(request, error);
	return false;
}

void api_volume_list(struct http_request *request, void *data)
{
	const struct host *host = data;
	JsonObject *root = json_object_new();
	JsonArray *list = json_array_new();
	g_autoptr(GPtrArray) ids = host->volumes ? user_volume_store_list(host->volumes) : NULL;
	for (unsigned i = 0; ids && i < ids->len; i++) {
		JsonNode *node = volume_json(host, ids->pdata[i], NULL);
		if (node)
			json_array_add_element(list, node);
	}
	json_object_set_array_member(root, "volumes", list);
	json_object_set_int_member(
	    root, "ready", host->volumes ? user_volume_store_ready(host->volumes) : 0);
	http_respond_json(request, 200, json_node_of(root));
}

static void respond_volume(
    struct http_request *request, const struct host *host, unsigned status, const char *id)
{
	g_autoptr(GError) error = NULL;
	JsonNode *node = volume_json(host, id, &error);
	if (node)
		http_respond_json(request, status, node);
	else
		http_respond_error(request, error);
}

void api_volume_get(struct http_request *request, void *data)
{
	respond_volume(request, data, 200, http_request_parameter(request, "id"));
}

static bool parse_id(JsonObject *body, const char **id, GError **error)
{
	g_autoptr(GError) failure = NULL;
	*id = json_get_optional_string(body, "id", 36, &failure);
	if (!failure && *id && !user_volume_id_valid(*id))
		g_set_error(&failure, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "id: \"%s\" is no UUID in lower case (RFC 9562)", *id);
	if (!failure)
		return true;
	g_propagate_error(error, g_steal_pointer(&failure));
	return false;
}

static void on_wanted(void *data, const GError *error)
{
	struct wish *wish = data;
	if (error)
		http_respond_error(wish->request, error);
	else
		respond_volume(wish->request, wish->host, 201, wish->id);
	wish_free(wish);
}

void api_volume_create(struct http_request *request, void *data)
{
	struct host *host = data;
	g_autoptr(GError) error = NULL;
	const char *id = NULL;
	if (!check_kept(request, host))
		return;
	JsonObject *body = g_bytes_get_size(http_request_body(request))
	                       ? http_request_json(request, &error)
	                       : NULL;
	if (error ||
	    (body && (!json_check_members(body, "id", &error) || !parse_id(body, &id, &error)))) {
		http_respond_error(request, error);
		return;
	}
	struct wish *wish = g_new0(struct wish, 1);
	*wish = (struct wish){request, host, id ? g_strdup(id) : g_uuid_string_random(), NULL};
	http_request_hold(request);
	user_volume_store_want(host->volumes, wish->id, on_wanted, wish);
}

void api_volume_delete(struct http_request *request, void *data)
{
	struct host *host = data;
	const char *id = http_request_parameter(request, "id");
	g_autoptr(GError) error = NULL;
	g_autofree char *folder = user_volume_store_find(host->volumes, id, &error);
	const struct phone *holder = folder ? phone_volume_holder(host, id) : NULL;
	if (holder)
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "phone %s has the volume; detach it or destroy the phone first", holder->uuid);
	if (!error && user_volume_store_destroy(host->volumes, id, &error))
		http_respond_empty(request, 204);
	else
		http_respond_error(request, error);
}

/* --- with a phone --- */

static void on_mounted(void *data, struct phone *phone, const GError *error)
{
	struct http_request *request = data;
	if (error)
		http_respond_error(request, error);
	else
		api_respond_phone(request, 200, phone);
}

static void attach(struct wish *wish, const GError *cause)
{
	g_autoptr(GError) error = cause ? g_error_copy(cause) : NULL;
	struct phone *phone =
	    error ? NULL : phone_table_find(wish->host->phones, wish->phone, &error);
	if (phone && phone->state == PHONE_SUSPENDED && !phone->volume)
		g_set_error_literal(&error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the phone is suspended; start it first");
	if (phone && !phone->volume && !error)
		phone_check_idle(phone, &error);
	if (!error && phone_volume_claim(phone, wish->id, &error)) {
		/* One that is off gets it when it starts. */
		if (phone->process && phone->state != PHONE_SUSPENDED)
			phone_volume_wait(phone, on_mounted, wish->request);
		else
			on_mounted(wish->request, phone, NULL);
	} else {
		http_respond_error(wish->request, error);
	}
	wish_free(wish);
}

static void on_wanted_for_phone(void *data, const GError *error)
{
	attach(data, error);
}

void api_phone_attach_volume(struct http_request *request, void *data)
{
	struct host *host = data;
	const struct phone *phone = api_find_phone(request, host);
	g_autoptr(GError) error = NULL;
	const char *id = NULL;
	bool create = false;
	if (!phone || !check_kept(request, host))
		return;
	JsonObject *body = http_request_json(request, &error);
	if (!body || !json_check_members(body, "id create", &error) ||
	    !json_get_string(body, "id", 36, &error) || !parse_id(body, &id, &error) ||
	    !json_get_optional_bool(body, "create", false, &create, &error)) {
		http_respond_error(request, error);
		return;
	}
	struct wish *wish = g_new0(struct wish, 1);
	*wish = (struct wish){request, host, g_strdup(id), g_strdup(phone->uuid)};
	http_request_hold(request);
	if (create)
		user_volume_store_want(host->volumes, id, on_wanted_for_phone, wish);
	else
		attach(wish, NULL);
}

void api_phone_detach_volume(struct http_request *request, void *data)
{
	struct phone *phone = api_find_phone(request, data);
	if (!phone)
		return;
	http_request_hold(request);
	phone_volume_detach(phone, on_mounted, request);
}
