/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Long work that a client can wait for, watch and cancel: GET /v1/operations, GET
 * /v1/operations/{id}?wait_ms=, and DELETE /v1/operations/{id}. Shared by the daemons' APIs. Main
 * thread only. JSON:
 * {"id","kind","subject","state":"running|succeeded|failed|cancelled","progress":0..1,"stage":"...",
 *        "error":{problem}?,"result":{}?,"started","ended"?}. The last 256 ended ones are kept.
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "common/cleanup.h"
#include "common/http_server.h"

struct operations;
struct operation; /* owned by the table */

struct operations *operations_new(void);
void operations_free(struct operations *operations);

struct operation *operation_start(
    struct operations *operations, const char *kind, const char *subject);
const char *operation_id(const struct operation *operation);
GCancellable *operation_cancellable(struct operation *operation);
void operation_progress(struct operation *operation, double fraction, const char *stage);
void operation_succeed(struct operation *operation, JsonNode *result); /* takes; may be NULL */
void operation_fail(struct operation *operation,
    const GError *error); /* QVMI_ERROR_CANCELLED becomes "cancelled" */
JsonNode *operation_json(const struct operation *operation);

/* Handlers for the three routes; `operations` is passed explicitly by the daemon's own thin
 * handlers. */
void operations_handle_list(struct operations *operations, struct http_request *request);
void operations_handle_get(struct operations *operations, struct http_request *request);
void operations_handle_cancel(struct operations *operations, struct http_request *request);
/* 202 with Location and the operation's JSON. */
void operation_respond(struct operation *operation, struct http_request *request);

DEFINE_CLEANUP(operations);
