/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/gesture.h"

#include "common/error.h"
#include "common/json.h"

#define PER_MILLE 1000
#define AXIS_MAX 0x7fff /* QEMU's include/ui/input.h, INPUT_EVENT_ABS_MAX */
#define MS_MAX 5000
#define REST_MS_MAX 30000

static bool parse_place(JsonObject *object, const char *member, unsigned place[2], GError **error)
{
	JsonArray *pair = json_get_array(object, member, 2, error);
	for (unsigned i = 0; pair && i < 2; i++) {
		JsonNode *node =
		    json_array_get_length(pair) == 2 ? json_array_get_element(pair, i) : NULL;
		gint64 value = node && json_node_get_value_type(node) == G_TYPE_INT64
		                   ? json_node_get_int(node)
		                   : -1;
		if (value < 0 || value > PER_MILLE) {
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
			    "%s is [x, y], each 0 to %d", member, PER_MILLE);
			return false;
		}
		place[i] = (unsigned)value;
	}
	return pair;
}

static bool parse(JsonObject *object, struct gesture *gesture, GError **error)
{
	int64_t ms, rest_ms;
	if (!json_check_members(object, "from to ms rest_ms", error) ||
	    !parse_place(object, "from", gesture->from, error) ||
	    !parse_place(object, "to", gesture->to, error) ||
	    !json_get_int(object, "ms", GESTURE_STEP_MS, MS_MAX, &ms, error) ||
	    !json_get_int(object, "rest_ms", 0, REST_MS_MAX, &rest_ms, error))
		return false;
	gesture->ms = (unsigned)ms;
	gesture->rest_ms = (unsigned)rest_ms;
	return true;
}

bool gestures_parse(
    JsonArray *list, struct gesture gestures[static GESTURES_MAX], unsigned *count, GError **error)
{
	unsigned n = json_array_get_length(list);
	for (unsigned i = 0; i < n; i++) {
		JsonNode *node = json_array_get_element(list, i);
		bool is_one = i < GESTURES_MAX && JSON_NODE_HOLDS_OBJECT(node);
		if (!is_one)
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
			    "it is a list of up to %d objects", GESTURES_MAX);
		if (!is_one || !parse(json_node_get_object(node), &gestures[i], error)) {
			g_prefix_error(error, "rehearsal: number %u: ", i + 1);
			return false;
		}
	}
	*count = n;
	return true;
}

static JsonArray *place_json(const unsigned place[2])
{
	JsonArray *pair = json_array_new();
	json_array_add_int_element(pair, place[0]);
	json_array_add_int_element(pair, place[1]);
	return pair;
}

JsonArray *gestures_json(const struct gesture *gestures, unsigned count)
{
	JsonArray *list = json_array_new();
	for (unsigned i = 0; i < count; i++) {
		JsonObject *one = json_object_new();
		json_object_set_array_member(one, "from", place_json(gestures[i].from));
		json_object_set_array_member(one, "to", place_json(gestures[i].to));
		json_object_set_int_member(one, "ms", gestures[i].ms);
		json_object_set_int_member(one, "rest_ms", gestures[i].rest_ms);
		json_array_add_object_element(list, one);
	}
	return list;
}

/* --- qapi/ui.json: InputEvent, of which a screen that tells fingers apart takes "mtt" and "btn"
 * --- */

static void add_event(JsonArray *events, const char *type, JsonObject *data)
{
	JsonObject *event = json_object_new();
	json_object_set_string_member(event, "type", type);
	json_object_set_object_member(event, "data", data);
	json_array_add_object_element(events, event);
}

static void add_touch(
    JsonArray *events, const char *type, int tracking_id, const char *axis, unsigned per_mille)
{
	JsonObject *data = json_object_new();
	json_object_set_string_member(data, "type", type);
	json_object_set_int_member(data, "slot", 0);
	json_object_set_int_member(data, "tracking-id", tracking_id);
	json_object_set_string_member(data, "axis", axis);
	json_object_set_int_member(data, "value", per_mille * AXIS_MAX / PER_MILLE);
	add_event(events, "mtt", data);
}

static void add_button(JsonArray *events, bool down)
{
	JsonObject *data = json_object_new();
	json_object_set_string_member(data, "button", "touch");
	json_object_set_boolean_member(data, "down", down);
	add_event(events, "btn", data);
}

unsigned gesture_steps(const struct gesture *gesture)
{
	return gesture->ms / GESTURE_STEP_MS + 1;
}

JsonObject *gesture_event(const struct gesture *gesture, unsigned step)
{
	static const char *const axes[] = {"x", "y"};
	unsigned last = gesture_steps(gesture) - 1;
	JsonArray *events = json_array_new();
	if (step == last) {
		add_touch(events, "end", -1, "x", 0);
		add_button(events, false);
	} else {
		add_touch(events, step ? "update" : "begin", 0, "x", 0);
		for (unsigned i = 0; i < 2; i++) {
			int way = (int)gesture->to[i] - (int)gesture->from[i];
			int at = (int)gesture->from[i] +
			         way * (int)step / (int)(last > 1 ? last - 1 : 1);
			add_touch(events, "data", 0, axes[i], (unsigned)at);
		}
		if (!step)
			add_button(events, true);
	}
	JsonObject *arguments = json_object_new();
	json_object_set_array_member(arguments, "events", events);
	return arguments;
}
