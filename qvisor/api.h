/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The QVisor API: /v1 over HTTP, described in openapi.yaml (served at /v1/openapi.yaml). Every
 * handler's `data` is the struct host. */
#pragma once

#include "common/http_server.h"
#include "qvisor/host.h"

/* For http_server_new(). */
extern const struct http_route api_routes[];

/* api_host.c */
void api_host_get(struct http_request *request, void *data);
/* api_template.c */
void api_template_list(struct http_request *request, void *data);
void api_template_get(struct http_request *request, void *data);
void api_template_build(struct http_request *request, void *data);
void api_template_remove(struct http_request *request, void *data);
/* api_phone.c */
void api_phone_list(struct http_request *request, void *data);
void api_phone_get(struct http_request *request, void *data);
void api_phone_create(struct http_request *request, void *data);
void api_phone_destroy(struct http_request *request, void *data);
void api_phone_start(struct http_request *request, void *data);
void api_phone_stop(struct http_request *request, void *data);
/* api_phone_life.c */
void api_phone_change(struct http_request *request, void *data);
void api_phone_suspend(struct http_request *request, void *data);
void api_phone_reset(struct http_request *request, void *data);
void api_phone_wipe(struct http_request *request, void *data);
void api_snapshot_list(struct http_request *request, void *data);
void api_snapshot_take(struct http_request *request, void *data);
void api_snapshot_restore(struct http_request *request, void *data);
void api_snapshot_delete(struct http_request *request, void *data);
/* api_migration.c */
void api_phone_migrate(struct http_request *request, void *data);
void api_phone_take_back(struct http_request *request, void *host);
void api_arrival_expect(struct http_request *request, void *data);
/* api_volume.c */
void api_volume_list(struct http_request *request, void *data);
void api_volume_create(struct http_request *request, void *data);
void api_volume_get(struct http_request *request, void *data);
void api_volume_delete(struct http_request *request, void *data);
void api_phone_connect(struct http_request *request, void *data);
void api_phone_attach_volume(struct http_request *request, void *data);
void api_phone_detach_volume(struct http_request *request, void *data);
/* api_performance.c */
void api_host_performance(struct http_request *request, void *data);
void api_phone_performance(struct http_request *request, void *data);
/* api_phone_inside.c: what goes on in a phone */
void api_phone_applications(struct http_request *request, void *data);
void api_phone_launch(struct http_request *request, void *data);
void api_phone_console(struct http_request *request, void *data);

struct phone;
/* Answers with the phone. */
void api_respond_phone(struct http_request *request, unsigned status, const struct phone *phone);
/* The end of what was ordered of a phone; `data` is the request. */
void api_phone_changed(void *data, struct phone *phone, const GError *error);
/* The body of a request that needs none: its object, an empty one if there is none. NULL: it is no
 * object, or has other than these members. Caller unrefs. */
JsonObject *api_optional_body(struct http_request *request, const char *members, GError **error);
/* The phone of the path's {uuid}; NULL after it has answered 404. */
struct phone *api_find_phone(struct http_request *request, struct host *host);
/* Whether it runs; false after it has answered 409. */
bool api_check_running(struct http_request *request, const struct phone *phone);
