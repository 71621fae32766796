/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "common/json_writer.h"
#include "qvisor/api.h"
#include "qvisor/departure.h"
#include "qvisor/network_reach.h"
#include "qvisor/phone.h"
#include "qvisor/phone_network.h"
#include "qvisor/phone_suspend.h"
#include "qvisor/phone_table.h"
#include "qvisor/phone_volume.h"
#include "qvisor/prespawn.h"
#include "qvisor/zygote.h"
#include "qvisor/template_store.h"
#include "qvisor/user_volume_store.h"

#define STOP_TIMEOUT_S 30

static bool wanted(const struct phone *phone, const char *state)
{
	if (!strcmp(state, "running"))
		return phone->state == PHONE_RUNNING;
	if (!strcmp(state, "suspended"))
		return phone->state == PHONE_SUSPENDED;
	if (!strcmp(state, "off"))
		return phone->state == PHONE_OFF || phone->state == PHONE_FAILED;
	return true;
}

void api_phone_list(struct http_request *request, void *data)
{
	struct host *host = data;
	const char *state = http_request_query(request, "state");
	g_autoptr(GPtrArray) phones = phone_table_list(host->phones);
	if (state && strcmp(state, "running") && strcmp(state, "suspended") &&
	    strcmp(state, "off") && strcmp(state, "all")) {
		g_autoptr(GError) error = g_error_new(QVMI_ERROR, QVMI_ERROR_INVALID,
		    "state is \"%s\"; it can be \"running\", \"suspended\", \"off\" or \"all\"",
		    state);
		http_respond_error(request, error);
		return;
	}
	GString *text = g_string_sized_new(64 + (size_t)512 * phones->len);
	json_write_open(text, NULL, '{');
	json_write_open(text, "phones", '[');
	for (unsigned i = 0; i < phones->len; i++) {
		const struct phone *phone = g_ptr_array_index(phones, i);
		if (wanted(phone, state ? state : "all"))
			phone_write_json(phone, text);
	}
	json_write_close(text, ']');
	json_write_close(text, '}');
	http_respond_json_text(request, 200, text);
}

void api_phone_get(struct http_request *request, void *data)
{
	const struct phone *phone = api_find_phone(request, data);
	if (phone)
		api_respond_phone(request, 200, phone);
}

/* --- create --- */

static void respond_created(struct http_request *request, const struct phone *phone)
{
	g_autofree char *location = g_strdup_printf("/v1/phones/%s", phone->uuid);
	http_request_add_header(request, "Location", location);
	api_respond_phone(request, 201, phone);
}

static void on_created(void *data, struct phone *phone, const GError *error);

/* It has its volume, or does not get it: then it is not what was asked for. */
static void on_equipped(void *data, struct phone *phone, const GError *error)
{
	if (error && phone)
		phone_destroy(phone, NULL, NULL);
	on_created(data, error ? NULL : phone, error);
}

static void on_created(void *data, struct phone *phone, const GError *error)
{
	struct http_request *request = data;
	if (!error && phone->volume && !phone->volume->mounted) {
		phone_volume_wait(phone, on_equipped, request);
		return;
	}
	if (!error) {
		respond_created(request, phone);
		return;
	}
	/* Nobody has been told of it: it goes, and all that was begun with it. */
	if (phone && !phone->established)
		phone_destroy(phone, NULL, NULL);
	http_respond_error(request, error);
}

struct creation {
	const char *template, *uuid, *name, *volume, *network;
	bool start;
};

static bool parse_creation(JsonObject *body, struct creation *creation, GError **error)
{
	creation->template = json_get_string(body, "template", 32, error);
	if (!creation->template ||
	    !json_check_members(body, "template uuid name start volume network", error))
		return false;
	g_autoptr(GError) failure = NULL;
	creation->uuid = json_get_optional_string(body, "uuid", 36, &failure);
	if (!failure)
		creation->name = json_get_optional_string(body, "name", 32, &failure);
	if (!failure)
		creation->volume = json_get_optional_string(body, "volume", 36, &failure);
	if (!failure)
		creation->network =
		    json_get_optional_string(body, "network", NETWORK_REACH_MAX, &failure);
	if (!failure)
		json_get_optional_bool(body, "start", true, &creation->start, &failure);
	if (!failure && creation->uuid &&
	    (!g_uuid_string_is_valid(creation->uuid) ||
	        strspn(creation->uuid, "0123456789abcdef-") != strlen(creation->uuid)))
		g_set_error(&failure, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "uuid: \"%s\" is no UUID in lower case (RFC 9562)", creation->uuid);
	if (!failure && creation->name && !manifest_name_valid(creation->name))
		g_set_error(&failure, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "name: \"%s\" is the phone's host name too: 1 to 32 of a-z, 0-9 and \"-\"",
		    creation->name);
	if (!failure)
		return true;
	g_propagate_error(error, g_steal_pointer(&failure));
	return false;
}

static bool check_volume(struct host *host, const char *id, GError **error)
{
	g_autofree char *folder = user_volume_store_find(host->volumes, id, error);
	const struct phone *holder = folder ? phone_volume_holder(host, id) : NULL;
	if (holder)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "phone %s has the volume %s; detach it first", holder->uuid, id);
	return folder && !holder;
}

static struct phone *create(struct host *host, const struct creation *creation, const char *key,
    const char *digest, GError **error)
{
	struct template *template = template_store_find(host->templates, creation->template, error);
	g_autofree char *reach = NULL;
	if (!template)
		return NULL;
	if (creation->uuid && phone_table_find(host->phones, creation->uuid, NULL)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT, "there is a phone %s already",
		    creation->uuid);
		return NULL;
	}
	if (creation->name && phone_table_name_taken(host->phones, creation->name)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "there is a phone named \"%s\" already; choose another name", creation->name);
		return NULL;
	}
	if (creation->volume && !check_volume(host, creation->volume, error))
		return NULL;
	if (!phone_network_check(host, creation->network, &reach, error))
		return NULL;
	if (phone_table_running(host->phones) >= host->max_phones) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
		    "%u phones run, and host.max-phones is %u; stop one",
		    phone_table_running(host->phones), host->max_phones);
		return NULL;
	}
	struct phone *phone = NULL;
	if (creation->start)
		phone = prespawn_take(
		    host->prespawn, template, creation->uuid, creation->name, key, digest);
	if (!phone)
		phone =
		    phone_new(host, template, creation->uuid, creation->name, key, digest, error);
	if (phone) {
		phone->reach = g_steal_pointer(&reach);
		phone_table_add(host->phones, phone);
	}
	if (phone && creation->volume && !phone_volume_claim(phone, creation->volume, error)) {
		phone_destroy(phone, NULL, NULL);
		return NULL;
	}
	prespawn_want(host->prespawn, template);
	zygotes_want(host->zygotes, template);
	return phone;
}

/* The same key again: the phone that it made, when it is there. */
static void respond_again(struct http_request *request, struct phone *phone, const char *digest)
{
	if (strcmp(phone->request_digest, digest)) {
		g_autoptr(GError) error = g_error_new_literal(QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "this Idempotency-Key was used for another request; take a new one");
		http_respond_error(request, error);
	} else if (phone->start) {
		http_request_hold(request);
		phone_start_wait(phone, on_created, request);
	} else if (phone->process) {
		http_request_hold(request);
		on_created(request, phone, NULL);
	} else {
		respond_created(request, phone);
	}
}

void api_phone_create(struct http_request *request, void *data)
{
	struct host *host = data;
	g_autoptr(GError) error = NULL;
	struct creation creation = {0};
	const char *key = http_request_header(request, "idempotency-key");
	g_autofree char *digest =
	    g_compute_checksum_for_bytes(G_CHECKSUM_SHA256, http_request_body(request));
	JsonObject *body = http_request_json(request, &error);
	if (key && (!*key || strlen(key) > 255))
		g_set_error(
		    &error, QVMI_ERROR, QVMI_ERROR_INVALID, "Idempotency-Key is 1 to 255 bytes");
	struct phone *known = key ? phone_table_find_key(host->phones, key) : NULL;
	if (error || !parse_creation(body, &creation, &error)) {
		http_respond_error(request, error);
		return;
	}
	if (known) {
		respond_again(request, known, digest);
		return;
	}
	struct phone *phone = create(host, &creation, key, digest, &error);
	if (!phone) {
		http_respond_error(request, error);
	} else if (creation.start) {
		http_request_hold(request);
		phone_start(phone, on_created, request);
	} else {
		phone_set_state(phone, PHONE_OFF, NULL);
		respond_created(request, phone);
	}
}

/* --- the others --- */

void api_phone_start(struct http_request *request, void *data)
{
	struct phone *phone = api_find_phone(request, data);
	g_autoptr(GError) error = NULL;
	bool discard = false;
	if (!phone)
		return;
	g_autoptr(JsonObject) body = api_optional_body(request, "discard", &error);
	if (!body || !json_get_optional_bool(body, "discard", false, &discard, &error)) {
		http_respond_error(request, error);
		return;
	}
	if (discard && phone->state == PHONE_SUSPENDED && !phone->process) {
		phone_suspend_forget(phone);
		phone_set_state(phone, PHONE_OFF, "what was suspended is discarded");
	}
	if (phone->state == PHONE_RUNNING) {
		/* What was asked for is so. A full disk had paused it: it goes on. */
		if (phone->reason && phone->qmp)
			qmp_execute(phone->qmp, "cont", NULL, -1, QMP_DEADLINE_MS, NULL, NULL);
		api_respond_phone(request, 200, phone);
		return;
	}
	http_request_hold(request);
	if (phone->start)
		phone_start_wait(phone, api_phone_changed, request);
	else
		phone_start(phone, api_phone_changed, request);
}

void api_phone_stop(struct http_request *request, void *data)
{
	struct phone *phone = api_find_phone(request, data);
	g_autoptr(GError) error = NULL;
	bool force = false;
	int64_t timeout = STOP_TIMEOUT_S;
	if (!phone)
		return;
	g_autoptr(JsonObject) body = api_optional_body(request, "force timeout_s", &error);
	if (!body || !json_get_optional_bool(body, "force", false, &force, &error) ||
	    !json_get_optional_int(body, "timeout_s", 0, 600, STOP_TIMEOUT_S, &timeout, &error)) {
		http_respond_error(request, error);
		return;
	}
	http_request_hold(request);
	phone_stop(phone, force, timeout, api_phone_changed, request);
}

static void on_destroyed(void *data, struct phone *phone, const GError *error)
{
	(void)phone;
	if (error)
		http_respond_error(data, error);
	else
		http_respond_empty(data, 204);
}

void api_phone_destroy(struct http_request *request, void *data)
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
	phone_destroy(phone, on_destroyed, request);
}
