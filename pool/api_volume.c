/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users' volumes: what is recorded of them; their end, which is an order (I6). */
#include "common/error.h"
#include "common/json.h"
#include "pool/api.h"
#include "pool/record_phone.h"
#include "pool/view.h"
#include "pool/volume_claim.h"

static JsonObject *view(const struct volume_record *volume)
{
	JsonObject *object = json_object_new();
	g_autofree char *created = view_time(volume->created);

	json_object_set_string_member(object, "id", volume->id);
	json_object_set_string_member(object, "user", volume->user);
	json_object_set_string_member(object, "pool", volume->pool);
	json_object_set_string_member(object, "slot", volume->slot);
	json_object_set_string_member(object, "host", volume->host);
	json_object_set_boolean_member(object, "made", volume->made);
	if (volume->phone)
		json_object_set_string_member(object, "phone", volume->phone);
	json_object_set_string_member(object, "created", created);
	return object;
}

void api_volume_list(struct http_request *request, void *data)
{
	struct manager *m = data;
	const char *user = http_request_query(request, "user");
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) volumes = volume_record_list(m->db, &error);
	JsonArray *array;

	if (!volumes) {
		http_respond_error(request, error);
		return;
	}
	array = json_array_new();
	for (unsigned i = 0; i < volumes->len; i++) {
		const struct volume_record *volume = volumes->pdata[i];

		if (!user || g_str_equal(user, volume->user))
			json_array_add_object_element(array, view(volume));
	}
	api_respond_list(request, "volumes", array, NULL);
}

static struct volume_record *find(struct http_request *request, struct manager *m, GError **error)
{
	const char *id = api_uuid(request, error);

	return id ? volume_record_get(m->db, id, error) : NULL;
}

void api_volume_get(struct http_request *request, void *data)
{
	struct manager *m = data;
	g_autoptr(GError) error = NULL;
	AUTO(volume_record) volume = find(request, m, &error);

	if (volume)
		api_respond_object(request, 200, view(volume));
	else
		http_respond_error(request, error);
}

/* --- its end --- */

struct ending {
	struct manager *manager;
	struct http_request *request;
	char *id;
};

static void ended(const struct http_reply *reply, const GError *cause, void *data)
{
	struct ending *ending = data;
	g_autoptr(GError) error = NULL;

	(void)reply;
	if (cause && cause->code != QVMI_ERROR_NOT_FOUND)
		error = g_error_copy(cause);
	if (!error && volume_ended(ending->manager, ending->id, &error))
		http_respond_empty(ending->request, 204);
	else
		http_respond_error(ending->request, error);
	g_free(ending->id);
	g_free(ending);
}

static bool order(
    struct manager *m, const struct volume_record *volume, const char *who, GError **error)
{
	AUTO(phone_record)
	phone = volume->phone ? phone_record_get(m->db, volume->phone, NULL) : NULL;

	if (phone) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "phone %s has the volume of %s; destroy or wipe that phone first", phone->uuid,
		    volume->user);
		return false;
	}
	return volume_order_end(m, volume, "ordered by an administrator", who, error);
}

void api_volume_delete(struct http_request *request, void *data)
{
	struct manager *m = data;
	g_autofree char *who = api_caller(request);
	g_autoptr(GError) error = NULL;
	AUTO(volume_record) volume = find(request, m, &error);
	struct host *host = volume ? manager_host(m, volume->host, &error) : NULL;
	struct ending *ending;

	if (!host || !order(m, volume, who, &error)) {
		http_respond_error(request, error);
		return;
	}
	g_autofree char *path = http_path("/v1/volumes/%s", volume->id);
	ending = g_new(struct ending, 1);
	*ending = (struct ending){m, request, g_strdup(volume->id)};
	http_request_hold(request);
	host_call(host, HOST_QVISORD, &(struct http_call){.method = "DELETE", .path = path}, NULL,
	    ended, ending);
}
