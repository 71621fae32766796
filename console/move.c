/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/move.h"

#include "common/error.h"
#include "common/json.h"
#include "console/api.h"
#include "console/progress.h"

#define LOOK_US 300000

/* The end of a move that is over. */
static JsonNode *outcome(JsonNode *node, const char *uuid, GError **error)
{
	JsonObject *move = json_node_get_object(node);
	bool cancelled = g_str_equal(api_string(move, "state"), "cancelled");

	if (g_str_equal(api_string(move, "state"), "succeeded"))
		return json_node_ref(node);
	g_set_error(error, QVMI_ERROR, cancelled ? QVMI_ERROR_CANCELLED : QVMI_ERROR_FAILED,
	    "phone %s stays on host %s: %s", uuid, api_string(move, "from"),
	    api_string(move, "problem"));
	return NULL;
}

static JsonNode *watch(
    struct http_client *pool, const char *uuid, GCancellable *cancellable, GError **error)
{
	AUTO(progress) progress = progress_new(uuid);
	g_autofree char *path = http_path("/v1/phones/%s/migrate", uuid);
	bool cancelled = false;

	for (;;) {
		g_autoptr(JsonNode) node = api_call(pool, "GET", path, NULL, error);
		if (!node)
			return NULL;
		JsonObject *move = json_node_get_object(node);
		if (!g_str_equal(api_string(move, "state"), "running")) {
			progress_end(progress, api_string(move, "state"));
			return outcome(node, uuid, error);
		}
		progress_update(progress,
		    json_object_get_double_member_with_default(move, "progress", 0),
		    *api_string(move, "problem") ? api_string(move, "problem")
		                                 : api_string(move, "stage"));
		while (g_main_context_iteration(NULL, FALSE))
			;
		if (!cancelled && g_cancellable_is_cancelled(cancellable)) {
			cancelled = true;
			/* Too late is no error: its end tells. */
			api_do(pool, "DELETE", path, NULL, NULL);
		}
		g_usleep(LOOK_US);
	}
}

JsonNode *move_phone(struct http_client *pool, const char *uuid, const char *to,
    GCancellable *cancellable, GError **error)
{
	g_autofree char *path = http_path("/v1/phones/%s/migrate", uuid);
	JsonObject *body = json_object_new();

	if (to)
		json_object_set_string_member(body, "to", to);
	g_autoptr(JsonNode) node = api_call(pool, "POST", path, body, error);
	return node ? watch(pool, uuid, cancellable, error) : NULL;
}

bool move_all(struct http_client *pool, const char *host, GCancellable *cancellable,
    unsigned *moved, GError **error)
{
	g_autofree char *path = g_strdup_printf("/v1/phones?limit=4096&host=%s", host);
	g_autoptr(JsonNode) node = api_call(pool, "GET", path, NULL, error);
	JsonArray *phones = node ? api_list(node, "phones") : NULL;
	g_autoptr(GError) first = NULL;

	*moved = 0;
	for (unsigned i = 0; phones && i < json_array_get_length(phones); i++) {
		JsonObject *phone = json_array_get_object_element(phones, i);
		const char *uuid = api_string(phone, "uuid"), *use = api_string(phone, "use");
		g_autoptr(GError) wrong = NULL;

		/* Those are destroyed, by the host's duty or an order. */
		if (g_str_equal(use, "ready") || g_str_equal(use, "destroying"))
			continue;
		g_autoptr(JsonNode) move = move_phone(pool, uuid, NULL, cancellable, &wrong);
		*moved += move != NULL;
		if (wrong && first)
			g_warning("%s", wrong->message);
		else if (wrong)
			first = g_steal_pointer(&wrong);
		if (g_cancellable_is_cancelled(cancellable))
			break;
	}
	if (!first)
		return node != NULL;
	g_propagate_error(error, g_steal_pointer(&first));
	return false;
}
