/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/truth.h"

#include "common/error.h"
#include "common/json.h"
#include "pool/name.h"

#define MAX_TEXT 256

static const char *const states[] = {
    "creating", "running", "stopping", "suspended", "off", "failed"};

const char *phone_state_name(enum phone_state state)
{
	return states[state];
}

void phone_truth_free(struct phone_truth *t)
{
	if (!t)
		return;
	g_free(t->uuid);
	g_free(t->reason);
	g_free(t->name);
	g_free(t->mac);
	g_free(t->template);
	g_free(t->created);
	g_free(t->network);
	g_free(t);
}

static bool parse_state(JsonObject *object, enum phone_state *out, GError **error)
{
	const char *name = json_get_string(object, "state", 32, error);

	if (!name)
		return false;
	for (unsigned i = 0; i < G_N_ELEMENTS(states); i++) {
		if (g_strcmp0(name, states[i]) == 0) {
			*out = (enum phone_state)i;
			return true;
		}
	}
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "a phone's state is '%s'", name);
	return false;
}

static bool parse_text(JsonObject *object, const char *member, char **out, GError **error)
{
	g_autoptr(GError) e = NULL;

	*out = g_strdup(json_get_optional_string(object, member, MAX_TEXT, &e));
	if (!e)
		return true;
	g_propagate_error(error, g_steal_pointer(&e));
	return false;
}

/* A longer reason than we keep is cut, not refused. */
static void parse_reason(JsonObject *object, struct phone_truth *t)
{
	const char *reason = json_get_optional_string(object, "reason", 65536, NULL);

	if (reason)
		t->reason = g_utf8_substring(reason, 0, MIN(g_utf8_strlen(reason, -1), MAX_TEXT));
}

static bool parse_parts(JsonObject *object, struct phone_truth *t, GError **error)
{
	JsonObject *screen = json_get_optional_object(object, "screen", NULL);
	JsonObject *agent = json_get_optional_object(object, "agent", NULL);

	if (screen && (!json_get_optional_int(screen, "width", 0, 16384, 0, &t->width, error) ||
	                  !json_get_optional_int(screen, "height", 0, 16384, 0, &t->height, error)))
		return false;
	if (agent &&
	    (!json_get_optional_bool(agent, "connected", false, &t->agent_connected, error) ||
	        !json_get_optional_bool(agent, "ready", false, &t->agent_ready, error)))
		return false;
	return json_get_optional_int(object, "touch_points", 0, 64, 0, &t->touch_points, error) &&
	       json_get_optional_int(object, "pid", 0, G_MAXINT32, 0, &t->pid, error) &&
	       json_get_optional_int(object, "clone_ms", 0, G_MAXINT32, 0, &t->clone_ms, error);
}

struct phone_truth *phone_truth_parse(JsonObject *object, GError **error)
{
	AUTO(phone_truth) t = g_new0(struct phone_truth, 1);
	const char *uuid = json_get_string(object, "uuid", UINT8_MAX, error);

	if (!uuid || !name_check_uuid(uuid, error))
		return NULL;
	const char *health = json_get_optional_string(object, "health", 32, NULL);
	t->uuid = g_strdup(uuid);
	t->hung = g_strcmp0(health, "hung") == 0;
	t->moving = json_object_has_member(object, "moving_to");
	parse_reason(object, t);
	if (!parse_state(object, &t->state, error) ||
	    !parse_text(object, "name", &t->name, error) ||
	    !parse_text(object, "mac", &t->mac, error) ||
	    !parse_text(object, "template", &t->template, error) ||
	    !parse_text(object, "network", &t->network, error) ||
	    !parse_text(object, "created", &t->created, error) || !parse_parts(object, t, error))
		return NULL;
	return g_steal_pointer(&t);
}

GHashTable *truth_new(void)
{
	return g_hash_table_new_full(
	    g_str_hash, g_str_equal, NULL, (GDestroyNotify)phone_truth_free);
}

GHashTable *truth_parse(JsonNode *node, GError **error)
{
	g_autoptr(GHashTable) table = truth_new();
	JsonArray *array = NULL;

	if (node && JSON_NODE_HOLDS_OBJECT(node))
		array =
		    json_get_array(json_node_get_object(node), "phones", TRUTH_MAX_PHONES, error);
	else
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "not a list of phones");
	if (!array)
		return NULL;
	for (unsigned i = 0; i < json_array_get_length(array); i++) {
		JsonNode *element = json_array_get_element(array, i);
		struct phone_truth *t = NULL;

		if (JSON_NODE_HOLDS_OBJECT(element))
			t = phone_truth_parse(json_node_get_object(element), error);
		else
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "not a phone");
		if (!t)
			return NULL;
		g_hash_table_replace(table, t->uuid, t);
	}
	return g_steal_pointer(&table);
}
