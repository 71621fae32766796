/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The REST API of poold (openapi.yaml): routes, and what their handlers share. */
#pragma once

#include "common/http_server.h"
#include "pool/manager.h"

/* For http_server_set_guard(): a host may register, and ask nothing. */
bool api_guard(struct http_request *request, const struct http_route *route, GError **error);

/* For http_server_new(); the data is the struct manager. */
extern const struct http_route api_routes[];

/* api_host.c */
void api_host_list(struct http_request *request, void *data);
void api_host_get(struct http_request *request, void *data);
void api_host_put(struct http_request *request, void *data);
void api_host_patch(struct http_request *request, void *data);
void api_host_delete(struct http_request *request, void *data);
void api_host_performance(struct http_request *request, void *data);
/* api_pool.c */
void api_pool_list(struct http_request *request, void *data);
void api_pool_get(struct http_request *request, void *data);
void api_pool_put(struct http_request *request, void *data);
void api_pool_patch(struct http_request *request, void *data);
void api_pool_delete(struct http_request *request, void *data);
/* api_lease.c */
void api_lease_list(struct http_request *request, void *data);
void api_lease_get(struct http_request *request, void *data);
void api_lease_make(struct http_request *request, void *data);
void api_lease_end(struct http_request *request, void *data);
/* api_phone.c */
void api_phone_list(struct http_request *request, void *data);
void api_phone_get(struct http_request *request, void *data);
void api_phone_make(struct http_request *request, void *data);
void api_phone_start(struct http_request *request, void *data);
void api_phone_stop(struct http_request *request, void *data);
void api_phone_destroy(struct http_request *request, void *data);
/* api_life.c */
void api_phone_change(struct http_request *request, void *data);
void api_phone_suspend(struct http_request *request, void *data);
void api_phone_reset(struct http_request *request, void *data);
void api_phone_wipe(struct http_request *request, void *data);
void api_snapshot_list(struct http_request *request, void *data);
void api_snapshot_take(struct http_request *request, void *data);
void api_snapshot_restore(struct http_request *request, void *data);
void api_snapshot_delete(struct http_request *request, void *data);
/* api_move.c */
void api_phone_move(struct http_request *request, void *data);
void api_phone_move_get(struct http_request *request, void *data);
void api_phone_move_cancel(struct http_request *request, void *data);
void api_phone_take_back(struct http_request *request, void *manager);
/* api_volume.c */
void api_volume_list(struct http_request *request, void *data);
void api_volume_get(struct http_request *request, void *data);
void api_volume_delete(struct http_request *request, void *data);
/* api_forward.c: what a host's own daemons answer */
void api_phone_end_session(struct http_request *request, void *data);
void api_phone_thumbnail(struct http_request *request, void *data);
void api_phone_performance(struct http_request *request, void *data);
void api_phone_applications(struct http_request *request, void *data);
void api_phone_launch(struct http_request *request, void *data);
void api_template_list(struct http_request *request, void *data);
void api_template_build(struct http_request *request, void *data);
void api_operation_list(struct http_request *request, void *data);
void api_operation_get(struct http_request *request, void *data);
void api_operation_cancel(struct http_request *request, void *data);
/* api_status.c */
void api_status(struct http_request *request, void *data);
void api_orders(struct http_request *request, void *data);
void api_openapi(struct http_request *request, void *data);

/* --- shared --- */

/* Passes METHOD `suffix` of /v1/phones/{uuid} on to qvisord of the phone's host. Takes the body,
 * may be NULL; `timeout_ms` 0: the usual. */
void api_forward_phone(struct http_request *request, struct manager *m, const char *method,
    const char *suffix, JsonNode *body, unsigned timeout_ms);

/* Who asks, for the records: "uid 1000", a certificate's name; with ?by=NAME, which a daemon that
 * acts for a person adds, "NAME by uid 1000". Caller frees. */
char *api_caller(struct http_request *request);
/* {NAME} as a checked uuid. NULL with error. */
const char *api_uuid(struct http_request *request, GError **error);
/* ?limit= within [1, max], `fallback` without. */
bool api_limit(struct http_request *request, int fallback, int max, int *out, GError **error);
/* ?force=true and the like. QVMI_ERROR_INVALID for anything but true and false. */
bool api_flag(struct http_request *request, const char *name, bool *out, GError **error);
void api_respond_object(struct http_request *request, unsigned status, JsonObject *object);
/* {NAME: [...]} with an ETag; "next" when there is more. 304 when the client has it. */
void api_respond_list(
    struct http_request *request, const char *name, JsonArray *array, const char *next);
/* {"host"} of a record or a foreign phone. */
struct host *api_host_of_phone(struct manager *m, const char *uuid, GError **error);
