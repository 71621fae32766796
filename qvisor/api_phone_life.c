/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What can be ordered of a phone beyond start and stop. */
#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/api.h"
#include "qvisor/departure.h"
#include "qvisor/network_reach.h"
#include "qvisor/phone.h"
#include "qvisor/phone_network.h"
#include "qvisor/phone_reset.h"
#include "qvisor/phone_snapshot.h"
#include "qvisor/phone_suspend.h"

void api_phone_suspend(struct http_request *request, void *data)
{
	struct phone *phone = api_find_phone(request, data);
	if (!phone)
		return;
	if (phone->state == PHONE_SUSPENDED && !phone->process) {
		api_respond_phone(request, 200, phone); /* what was asked for is so */
		return;
	}
	http_request_hold(request);
	phone_suspend(phone, api_phone_changed, request);
}

void api_phone_reset(struct http_request *request, void *data)
{
	struct phone *phone = api_find_phone(request, data);
	g_autoptr(GError) error = NULL;
	bool upgrade = false;
	if (!phone)
		return;
	g_autoptr(JsonObject) body = api_optional_body(request, "upgrade", &error);
	if (!body || !json_get_optional_bool(body, "upgrade", false, &upgrade, &error)) {
		http_respond_error(request, error);
		return;
	}
	http_request_hold(request);
	phone_reset(phone, upgrade, api_phone_changed, request);
}

void api_phone_wipe(struct http_request *request, void *data)
{
	struct phone *phone = api_find_phone(request, data);
	g_autoptr(GError) error = NULL;
	if (!phone)
		return;
	if (!departure_check(phone, &error)) {
		http_respond_error(request, error);
		return;
	}
	http_request_hold(request);
	phone_wipe(phone, api_phone_changed, request);
}

/* --- snapshots --- */

void api_snapshot_list(struct http_request *request, void *data)
{
	const struct phone *phone = api_find_phone(request, data);
	if (phone)
		http_respond_json(request, 200, phone_snapshot_json(phone));
}

static void on_taken(void *data, struct phone *phone, const GError *error)
{
	struct http_request *request = data;
	if (error)
		http_respond_error(request, error);
	else
		http_respond_json(request, 201, phone_snapshot_json(phone));
}

void api_snapshot_take(struct http_request *request, void *data)
{
	struct phone *phone = api_find_phone(request, data);
	g_autoptr(GError) error = NULL;
	if (!phone)
		return;
	JsonObject *body = http_request_json(request, &error);
	const char *name = body && json_check_members(body, "name", &error)
	                       ? json_get_string(body, "name", 32, &error)
	                       : NULL;
	if (!name) {
		http_respond_error(request, error);
		return;
	}
	http_request_hold(request);
	phone_snapshot_take(phone, name, on_taken, request);
}

static bool parse_files(
    struct http_request *request, enum phone_snapshot_files *files, GError **error)
{
	static const char *const words[] = {
	    [PHONE_SNAPSHOT_FILES_BACK] = "back", [PHONE_SNAPSHOT_FILES_KEEP] = "keep"};
	*files = PHONE_SNAPSHOT_FILES_UNSAID;
	if (!g_bytes_get_size(http_request_body(request)))
		return true;
	JsonObject *body = http_request_json(request, error);
	const char *word = body && json_check_members(body, "files", error)
	                       ? json_get_string(body, "files", 16, error)
	                       : NULL;
	for (unsigned i = 1; word && i < G_N_ELEMENTS(words); i++)
		if (!strcmp(word, words[i]))
			*files = i;
	if (word && !*files)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "files: \"%s\" is neither \"back\" nor \"keep\"", word);
	return *files;
}

void api_snapshot_restore(struct http_request *request, void *data)
{
	struct phone *phone = api_find_phone(request, data);
	g_autoptr(GError) error = NULL;
	enum phone_snapshot_files files;
	if (!phone)
		return;
	if (!parse_files(request, &files, &error)) {
		http_respond_error(request, error);
		return;
	}
	http_request_hold(request);
	phone_snapshot_restore(
	    phone, http_request_parameter(request, "name"), files, api_phone_changed, request);
}

void api_snapshot_delete(struct http_request *request, void *data)
{
	struct phone *phone = api_find_phone(request, data);
	g_autoptr(GError) error = NULL;
	if (!phone)
		return;
	if (phone_snapshot_delete(phone, http_request_parameter(request, "name"), &error))
		http_respond_empty(request, 204);
	else
		http_respond_error(request, error);
}

void api_phone_change(struct http_request *request, void *data)
{
	struct phone *phone = api_find_phone(request, data);
	g_autoptr(GError) error = NULL;
	int64_t cpus = 0, memory_mib = 0;
	if (!phone)
		return;
	JsonObject *body = http_request_json(request, &error);
	if (body && json_check_members(body, "cpus memory_mib", &error) &&
	    json_get_optional_int(body, "cpus", 1, 1024, 0, &cpus, &error) &&
	    json_get_optional_int(body, "memory_mib", 64, G_MAXINT, 0, &memory_mib, &error) &&
	    !cpus && !memory_mib)
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "say what to change: \"cpus\", \"memory_mib\" or both");
	const struct phone_machine machine = {(unsigned)cpus, (unsigned)memory_mib};
	if (error) {
		http_respond_error(request, error);
		return;
	}
	http_request_hold(request);
	phone_machine_change(phone, machine, api_phone_changed, request);
}

/* {"network": "internet,office"}; null: as its host has it. */
void api_phone_connect(struct http_request *request, void *data)
{
	const struct host *host = data;
	struct phone *phone = api_find_phone(request, data);
	g_autoptr(GError) error = NULL;
	g_autofree char *reach = NULL;
	const char *text = NULL;
	if (!phone)
		return;
	JsonObject *body = http_request_json(request, &error);
	bool own = body && json_object_has_member(body, "network") &&
	           json_object_get_null_member(body, "network");
	if (!body || !json_check_members(body, "network", &error) ||
	    (!own && !(text = json_get_string(body, "network", NETWORK_REACH_MAX, &error))) ||
	    !phone_network_check(host, text, &reach, &error) ||
	    !phone_network_set(phone, reach, &error))
		http_respond_error(request, error);
	else
		api_respond_phone(request, 200, phone);
}
