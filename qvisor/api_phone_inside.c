/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/api.h"
#include "qvisor/phone.h"

#define CONSOLE_MAX 65536

/* --- the agent --- */

static void on_agent_answer(void *data, JsonObject *result, const GError *error)
{
	struct http_request *request = data;
	if (error)
		http_respond_error(request, error);
	else
		http_respond_json(request, 200, json_node_of(json_object_ref(result)));
}

/* Takes `parameters`. */
static void ask_agent(struct http_request *request, const struct phone *phone, const char *method,
    JsonObject *parameters)
{
	/* One that has not said hello yet reads what waits for it first: a user who came back to a
	 * phone that was resumed a moment ago wants an application now. */
	if (!phone->agent) {
		g_autoptr(GError) error = g_error_new_literal(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "there is no connection to the phone's agent now; try again");
		g_clear_pointer(&parameters, json_object_unref);
		http_respond_error(request, error);
		return;
	}
	http_request_hold(request);
	agent_call(
	    phone->agent, method, parameters, 2 * AGENT_DEADLINE_MS, on_agent_answer, request);
}

void api_phone_applications(struct http_request *request, void *data)
{
	const struct phone *phone = api_find_phone(request, data);
	if (phone && api_check_running(request, phone))
		ask_agent(request, phone, "application.list", NULL);
}

void api_phone_launch(struct http_request *request, void *data)
{
	const struct phone *phone = api_find_phone(request, data);
	g_autoptr(GError) error = NULL;
	if (!phone || !api_check_running(request, phone))
		return;
	JsonObject *body = http_request_json(request, &error);
	const char *id = body ? json_get_string(body, "id", 255, &error) : NULL;
	if (!id) {
		http_respond_error(request, error);
		return;
	}
	JsonObject *parameters = json_object_new();
	json_object_set_string_member(parameters, "id", id);
	ask_agent(request, phone, "application.launch", parameters);
}

/* --- the guest's console --- */

static void on_console(void *data, JsonNode *result, const GError *error)
{
	struct http_request *request = data;
	if (error) {
		http_respond_error(request, error);
		return;
	}
	gsize n = 0;
	guchar *bytes = NULL;
	if (json_node_get_value_type(result) == G_TYPE_STRING)
		bytes = g_base64_decode(json_node_get_string(result), &n);
	g_autoptr(GBytes) body = g_bytes_new_take(bytes, n);
	http_respond_bytes(request, 200, "application/octet-stream", body);
}

void api_phone_console(struct http_request *request, void *data)
{
	const struct phone *phone = api_find_phone(request, data);
	if (!phone || !api_check_running(request, phone))
		return;
	if (!phone->qmp) {
		g_autoptr(GError) error = g_error_new_literal(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "QEMU is not connected just now; try again");
		http_respond_error(request, error);
		return;
	}
	JsonObject *arguments = json_object_new();
	json_object_set_string_member(arguments, "device", "console");
	json_object_set_int_member(arguments, "size", CONSOLE_MAX);
	json_object_set_string_member(arguments, "format", "base64");
	http_request_hold(request);
	qmp_execute(
	    phone->qmp, "ringbuf-read", arguments, -1, QMP_DEADLINE_MS, on_console, request);
}
