/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/api.h"

#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "common/problem.h"
#include "console/progress.h"

#define POLL_MS 400
#define CALL_TIMEOUT_MS 120000 /* a phone that is started cold by a call takes its time */

JsonNode *api_call(struct http_client *client, const char *method, const char *path,
    JsonObject *body, GError **error)
{
	g_autofree char *key = g_uuid_string_random();
	const struct http_call call = {
	    .method = method,
	    .path = path,
	    .body = body ? json_node_of(body) : NULL,
	    .idempotency_key = g_str_equal(method, "GET") ? NULL : key,
	    .timeout_ms = CALL_TIMEOUT_MS,
	};
	g_autoptr(GError) local = NULL;
	JsonNode *node = http_client_call_sync(client, &call, &local);

	if (local) {
		g_propagate_error(error, g_steal_pointer(&local));
		return NULL;
	}
	return node ? node : json_node_of(json_object_new());
}

bool api_do(struct http_client *client, const char *method, const char *path, JsonObject *body,
    GError **error)
{
	g_autoptr(JsonNode) node = api_call(client, method, path, body, error);
	return node != NULL;
}

GPtrArray *api_pages(struct http_client *client, const char *path, GError **error)
{
	g_autoptr(GPtrArray) nodes =
	    g_ptr_array_new_with_free_func((GDestroyNotify)json_node_unref);
	const char *sign = strchr(path, '?') ? "&" : "?";
	g_autofree char *next = NULL;

	do {
		g_autofree char *after = next ? g_uri_escape_string(next, NULL, FALSE) : NULL;
		g_autofree char *page =
		    after ? g_strdup_printf("%s%safter=%s", path, sign, after) : g_strdup(path);
		JsonNode *node = api_call(client, "GET", page, NULL, error);
		if (!node)
			return NULL;
		g_ptr_array_add(nodes, node);
		g_free(next);
		next = g_strdup(json_object_get_string_member_with_default(
		    json_node_get_object(node), "next", NULL));
	} while (next);
	return g_steal_pointer(&nodes);
}

JsonArray *api_list(JsonNode *node, const char *member)
{
	JsonObject *object = json_node_get_object(node);
	JsonArray *array = json_get_array(object, member, G_MAXUINT, NULL);

	if (!array) {
		array = json_array_new();
		json_object_set_array_member(object, member, array);
	}
	return array;
}

const char *api_string(JsonObject *object, const char *member)
{
	const char *value = json_get_optional_string(object, member, 65536, NULL);
	return value ? value : "";
}

/* True when it has ended, with *result or *error. */
static bool take_end(JsonObject *operation, JsonNode **result, GError **error)
{
	const char *state = api_string(operation, "state");

	if (g_str_equal(state, "running"))
		return false;
	if (g_str_equal(state, "succeeded")) {
		JsonObject *object = json_get_optional_object(operation, "result", NULL);
		*result = json_node_of(object ? json_object_ref(object) : json_object_new());
		return true;
	}
	g_propagate_error(
	    error, problem_to_error(0, json_get_optional_object(operation, "error", NULL)));
	return true;
}

JsonNode *api_follow(struct http_client *client, const char *id, const char *what,
    GCancellable *cancellable, GError **error)
{
	AUTO(progress) progress = progress_new(what);
	g_autofree char *own = http_path("/v1/operations/%s", id);
	g_autofree char *waiting = g_strdup_printf("%s?wait_ms=%d", own, POLL_MS);
	bool cancelled = false;

	for (;;) {
		JsonNode *result = NULL;
		g_autoptr(JsonNode) node = api_call(client, "GET", waiting, NULL, error);
		if (!node)
			return NULL;
		JsonObject *operation = json_node_get_object(node);
		if (take_end(operation, &result, error)) {
			progress_end(progress, result      ? "done"
			                       : cancelled ? "cancelled"
			                                   : "failed");
			return result;
		}
		progress_update(progress,
		    json_object_get_double_member_with_default(operation, "progress", 0),
		    api_string(operation, "stage"));
		while (g_main_context_iteration(NULL, FALSE))
			;
		if (!cancelled && g_cancellable_is_cancelled(cancellable)) {
			cancelled = true;
			if (!api_do(client, "DELETE", own, NULL, error))
				return NULL;
		}
	}
}
