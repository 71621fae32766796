/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A phone to another host: ordered, watched, cancelled. */
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
