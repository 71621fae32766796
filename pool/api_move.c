/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A phone to another host: ordered, watched, cancelled, taken back. */
#include "common/error.h"
#include "common/json.h"
#include "pool/api.h"
#include "pool/move.h"
#include "pool/name.h"

static void respond(struct http_request *request, unsigned status, const struct move *move)
{
	JsonObject *object = json_object_new();

	json_object_set_string_member(object, "from", move->from);
	json_object_set_string_member(object, "to", move->to);
	json_object_set_string_member(object, "state", move->state);
	json_object_set_double_member(object, "progress", move->progress);
	if (move->stage)
		json_object_set_string_member(object, "stage", move->stage);
	if (move->problem)
		json_object_set_string_member(object, "problem", move->problem);
	if (move->result)
		json_object_set_member(object, "result", json_node_copy(move->result));
	api_respond_object(request, status, object);
}

void api_phone_move_get(struct http_request *request, void *data)
{
	g_autoptr(GError) error = NULL;
	const char *uuid = api_uuid(request, &error);
	const struct move *move = uuid ? move_of(data, uuid) : NULL;

	if (uuid && !move)
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
		    "phone %s has not been moved since poold started", uuid);
	if (error)
		http_respond_error(request, error);
	else
		respond(request, 200, move);
}

void api_phone_move(struct http_request *request, void *data)
{
	g_autoptr(GError) error = NULL;
	const char *uuid = api_uuid(request, &error), *to = NULL;
	bool has_body = uuid && g_bytes_get_size(http_request_body(request)) > 0;
	JsonObject *body = has_body ? http_request_json(request, &error) : NULL;

	if (body && json_check_members(body, "to", &error))
		to = json_get_optional_string(body, "to", NAME_MAX_LENGTH, &error);
	if (error || !move_order(data, uuid, to, &error))
		http_respond_error(request, error);
	else
		respond(request, 202, move_of(data, uuid));
}

void api_phone_move_cancel(struct http_request *request, void *data)
{
	g_autoptr(GError) error = NULL;
	const char *uuid = api_uuid(request, &error);

	if (uuid && move_cancel(data, uuid, &error))
		respond(request, 202, move_of(data, uuid));
	else
		http_respond_error(request, error);
}

/* --- taken back from a host that is gone --- */

struct taking_back {
	struct manager *manager;
	struct http_request *request;
	char *uuid;
};

static void taken_back(const struct http_reply *reply, const GError *cause, void *data)
{
	struct taking_back *back = data;
	g_autoptr(GError) error = cause ? g_error_copy(cause) : NULL;

	if (!error && phone_record_set_moving(back->manager->db, back->uuid, NULL, &error))
		http_respond_json(
		    back->request, 200, reply->json ? json_node_copy(reply->json) : NULL);
	else
		http_respond_error(back->request, error);
	g_free(back->uuid);
	g_free(back);
}

/* A host that answers says itself what became of the phone. */
static bool check_lost(
    struct manager *m, const struct phone_record *r, const char *lost, GError **error)
{
	const struct host *host = manager_host(m, lost, NULL);

	if (r->moving_to && !g_str_equal(r->moving_to, lost))
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "phone %s is on its way to host '%s', not '%s'", r->uuid, r->moving_to, lost);
	else if (host && host->reachable)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "host '%s' answers: it says itself whether it has phone %s", lost, r->uuid);
	else
		return true;
	return false;
}

void api_phone_take_back(struct http_request *request, void *data)
{
	struct manager *m = data;
	g_autoptr(GError) error = NULL;
	const char *uuid = api_uuid(request, &error);
	JsonObject *body = uuid ? http_request_json(request, &error) : NULL;
	const char *lost = body && json_check_members(body, "lost", &error)
	                       ? json_get_string(body, "lost", NAME_MAX_LENGTH, &error)
	                       : NULL;
	AUTO(phone_record) r = lost ? phone_record_get(m->db, uuid, &error) : NULL;
	struct host *host =
	    r && check_lost(m, r, lost, &error) ? manager_host(m, r->host, &error) : NULL;
	struct taking_back *back;

	if (!host) {
		http_respond_error(request, error);
		return;
	}
	g_autofree char *path = http_path("/v1/phones/%s/take-back", uuid);
	back = g_new(struct taking_back, 1);
	*back = (struct taking_back){m, request, g_strdup(uuid)};
	http_request_hold(request);
	host_call(host, HOST_QVISORD, &(struct http_call){.method = "POST", .path = path}, NULL,
	    taken_back, back);
}
