/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Phones between hosts: the one that a phone is to come to is asked first, for a ticket. */
#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/api.h"
#include "qvisor/departure.h"
#include "qvisor/migration.h"
#include "qvisor/phone_volume.h"

void api_arrival_expect(struct http_request *request, void *data)
{
	struct host *host = data;
	g_autoptr(GError) error = NULL;
	JsonObject *body = http_request_json(request, &error);
	const char *uuid = body && json_check_members(body, "phone from", &error)
	                       ? json_get_string(body, "phone", 36, &error)
	                       : NULL;
	const char *from = uuid ? json_get_string(body, "from", 32, &error) : NULL;
	JsonNode *node = NULL;
	if (from && (!g_uuid_string_is_valid(uuid) || !manifest_name_valid(from)))
		g_set_error_literal(&error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "\"phone\" is a UUID, and \"from\" the id of the host that has it");
	else if (from && !strcmp(from, host->id))
		g_set_error_literal(&error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the phone is to come to the host that it is on");
	else if (from && !host->migration)
		g_set_error_literal(&error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "no phones come to this host: set migration.address in its configuration");
	else if (from)
		node = migration_expect(host->migration, uuid, from, &error);
	if (node)
		http_respond_json(request, 201, node);
	else
		http_respond_error(request, error);
}

/* Who orders it may say which volume goes along, by what he knows. */
static bool check_volume(const struct phone *phone, JsonObject *body, GError **error)
{
	g_autoptr(GError) failure = NULL;
	const char *volume = json_get_optional_string(body, "volume", 36, &failure);
	const char *has = phone->volume ? phone->volume->id : "none";
	if (!failure && volume && strcmp(volume, has) != 0)
		g_set_error(&failure, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the phone cannot be moved: its volume is %s here, and not %s; have its user "
		    "sign in again, which settles that",
		    has, volume);
	if (!failure)
		return true;
	g_propagate_error(error, g_steal_pointer(&failure));
	return false;
}

void api_phone_migrate(struct http_request *request, void *data)
{
	struct phone *phone = api_find_phone(request, data);
	g_autoptr(GError) error = NULL;
	if (!phone)
		return;
	JsonObject *body = http_request_json(request, &error);
	const char *to = body && json_check_members(body, "to ticket volume", &error)
	                     ? json_get_string(body, "to", 300, &error)
	                     : NULL;
	const char *ticket = to ? json_get_string(body, "ticket", 36, &error) : NULL;
	struct operation *operation = ticket && check_volume(phone, body, &error)
	                                  ? departure_begin(phone, to, ticket, &error)
	                                  : NULL;
	if (operation)
		operation_respond(operation, request);
	else
		http_respond_error(request, error);
}

void api_phone_take_back(struct http_request *request, void *data)
{
	struct phone *phone = api_find_phone(request, data);
	g_autoptr(GError) error = NULL;
	if (!phone)
		return;
	if (departure_take_back(phone, &error))
		api_respond_phone(request, 200, phone);
	else
		http_respond_error(request, error);
}
