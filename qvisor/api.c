/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/api.h"

#include "common/error.h"
#include "common/json.h"
#include "qvisor/phone_table.h"

/* The description is part of the program: what is served is what was built. */
__asm__(".pushsection .rodata\n"
        "openapi_begin: .incbin \"qvisor/openapi.yaml\"\n"
        "openapi_end: .balign 8\n"
        "openapi_size: .quad openapi_end - openapi_begin\n"
        ".popsection\n");
extern const char openapi_begin[];
extern const size_t openapi_size;

static void openapi(struct http_request *request, void *data)
{
	(void)data;
	g_autoptr(GBytes) bytes = g_bytes_new_static(openapi_begin, openapi_size);
	http_respond_bytes(request, 200, "application/yaml", bytes);
}

static void operation_list(struct http_request *request, void *data)
{
	operations_handle_list(((struct host *)data)->operations, request);
}

static void operation_get(struct http_request *request, void *data)
{
	operations_handle_get(((struct host *)data)->operations, request);
}

static void operation_cancel(struct http_request *request, void *data)
{
	operations_handle_cancel(((struct host *)data)->operations, request);
}

struct phone *api_find_phone(struct http_request *request, struct host *host)
{
	g_autoptr(GError) error = NULL;
	struct phone *phone =
	    phone_table_find(host->phones, http_request_parameter(request, "uuid"), &error);
	if (!phone)
		http_respond_error(request, error);
	return phone;
}

void api_respond_phone(struct http_request *request, unsigned status, const struct phone *phone)
{
	GString *text = g_string_sized_new(512);
	phone_write_json(phone, text);
	http_respond_json_text(request, status, text);
}

void api_phone_changed(void *data, struct phone *phone, const GError *error)
{
	if (error)
		http_respond_error(data, error);
	else
		api_respond_phone(data, 200, phone);
}

JsonObject *api_optional_body(struct http_request *request, const char *members, GError **error)
{
	if (!g_bytes_get_size(http_request_body(request)))
		return json_object_new();
	JsonObject *body = http_request_json(request, error);
	return body && json_check_members(body, members, error) ? json_object_ref(body) : NULL;
}

bool api_check_running(struct http_request *request, const struct phone *phone)
{
	if (phone->state == PHONE_RUNNING && phone->process)
		return true;
	g_autoptr(GError) error = g_error_new(QVMI_ERROR, QVMI_ERROR_CONFLICT,
	    "the phone is %s; start it first", phone_state_name(phone->state));
	http_respond_error(request, error);
	return false;
}

const struct http_route api_routes[] = {
    {"GET", "/v1/openapi.yaml", openapi, NULL},
    {"GET", "/v1/host", api_host_get, NULL},
    {"GET", "/v1/host/performance", api_host_performance, NULL},
    {"GET", "/v1/templates", api_template_list, NULL},
    {"POST", "/v1/templates", api_template_build, NULL},
    {"GET", "/v1/templates/{name}", api_template_get, NULL},
    {"DELETE", "/v1/templates/{name}", api_template_remove, NULL},
    {"GET", "/v1/phones", api_phone_list, NULL},
    {"POST", "/v1/phones", api_phone_create, NULL},
    {"GET", "/v1/phones/{uuid}", api_phone_get, NULL},
    {"PATCH", "/v1/phones/{uuid}", api_phone_change, NULL},
    {"DELETE", "/v1/phones/{uuid}", api_phone_destroy, NULL},
    {"POST", "/v1/phones/{uuid}/start", api_phone_start, NULL},
    {"POST", "/v1/phones/{uuid}/stop", api_phone_stop, NULL},
    {"POST", "/v1/phones/{uuid}/suspend", api_phone_suspend, NULL},
    {"POST", "/v1/phones/{uuid}/migrate", api_phone_migrate, NULL},
    {"POST", "/v1/phones/{uuid}/take-back", api_phone_take_back, NULL},
    {"POST", "/v1/arrivals", api_arrival_expect, NULL},
    {"GET", "/v1/phones/{uuid}/snapshots", api_snapshot_list, NULL},
    {"POST", "/v1/phones/{uuid}/snapshots", api_snapshot_take, NULL},
    {"DELETE", "/v1/phones/{uuid}/snapshots/{name}", api_snapshot_delete, NULL},
    {"POST", "/v1/phones/{uuid}/snapshots/{name}/restore", api_snapshot_restore, NULL},
    {"POST", "/v1/phones/{uuid}/reset", api_phone_reset, NULL},
    {"POST", "/v1/phones/{uuid}/wipe", api_phone_wipe, NULL},
    {"GET", "/v1/phones/{uuid}/performance", api_phone_performance, NULL},
    {"GET", "/v1/phones/{uuid}/console", api_phone_console, NULL},
    {"GET", "/v1/phones/{uuid}/applications", api_phone_applications, NULL},
    {"POST", "/v1/phones/{uuid}/applications", api_phone_launch, NULL},
    {"PUT", "/v1/phones/{uuid}/network", api_phone_connect, NULL},
    {"PUT", "/v1/phones/{uuid}/volume", api_phone_attach_volume, NULL},
    {"DELETE", "/v1/phones/{uuid}/volume", api_phone_detach_volume, NULL},
    {"GET", "/v1/volumes", api_volume_list, NULL},
    {"POST", "/v1/volumes", api_volume_create, NULL},
    {"GET", "/v1/volumes/{id}", api_volume_get, NULL},
    {"DELETE", "/v1/volumes/{id}", api_volume_delete, NULL},
    {"GET", "/v1/operations", operation_list, NULL},
    {"GET", "/v1/operations/{id}", operation_get, NULL},
    {"DELETE", "/v1/operations/{id}", operation_cancel, NULL},
    {NULL, NULL, NULL, NULL},
};
