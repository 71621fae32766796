/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Short-hands for the daemons' REST APIs, synchronous. */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "common/http_client.h"

/* Sends `body` (taken, NULL: none) with a fresh idempotency key. The answer, an empty object when
 * it had none; NULL on error. Caller unrefs. */
JsonNode *api_call(struct http_client *client, const char *method, const char *path,
    JsonObject *body, GError **error);
/* Same, when the answer does not matter. */
bool api_do(struct http_client *client, const char *method, const char *path, JsonObject *body,
    GError **error);
/* Every page of a list: elements are JsonNode *, which own the objects. Caller unrefs. */
GPtrArray *api_pages(struct http_client *client, const char *path, GError **error);
/* A member that is a list of an answer's object; an empty one when it is not there. Borrowed from
 * `node`. */
JsonArray *api_list(JsonNode *node, const char *member);
/* A string member for display and comparison: "" when it is not there. */
const char *api_string(JsonObject *object, const char *member);

/* Waits for the operation at /v1/operations/ID and shows its progress as `what`. When `cancellable`
 * is cancelled, cancels the operation and waits for its end. The main context is run in between.
 * Its result (an empty object when it has none), or its error. */
JsonNode *api_follow(struct http_client *client, const char *id, const char *what,
    GCancellable *cancellable, GError **error);
