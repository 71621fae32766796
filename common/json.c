/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/json.h"

#include <string.h>

#include "common/error.h"
#include "common/file.h"

#define DEPTH_MAX 32

static bool invalid(GError **error, const char *member, const char *what)
{
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "\"%s\" %s", member, what);
	return false;
}

/* The member's node; NULL when absent or null. */
static JsonNode *member_node(JsonObject *object, const char *member)
{
	JsonNode *node = json_object_get_member(object, member);
	return node && !JSON_NODE_HOLDS_NULL(node) ? node : NULL;
}

const char *json_get_optional_string(
    JsonObject *object, const char *member, size_t max, GError **error)
{
	JsonNode *node = member_node(object, member);

	if (!node)
		return NULL;
	if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_STRING) {
		invalid(error, member, "must be a string");
		return NULL;
	}
	const char *value = json_node_get_string(node);
	if (strlen(value) > max) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "\"%s\" is longer than %zu bytes", member, max);
		return NULL;
	}
	/* An escaped lone surrogate passes json-glib but is not text. */
	if (!g_utf8_validate(value, -1, NULL)) {
		invalid(error, member, "is not valid Unicode");
		return NULL;
	}
	return value;
}

const char *json_get_string(JsonObject *object, const char *member, size_t max, GError **error)
{
	GError *local = NULL;
	const char *value = json_get_optional_string(object, member, max, &local);

	if (local) {
		g_propagate_error(error, local);
		return NULL;
	}
	if (!value) {
		invalid(error, member, "is missing");
		return NULL;
	}
	if (!*value) {
		invalid(error, member, "must not be empty");
		return NULL;
	}
	return value;
}

bool json_get_optional_int(JsonObject *object, const char *member, int64_t min, int64_t max,
    int64_t fallback, int64_t *out, GError **error)
{
	JsonNode *node = member_node(object, member);

	*out = fallback;
	if (!node)
		return true;
	if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_INT64)
		return invalid(error, member, "must be a whole number");
	int64_t value = json_node_get_int(node);
	if (value < min || value > max) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "\"%s\" must be within %" G_GINT64_FORMAT " and %" G_GINT64_FORMAT, member, min,
		    max);
		return false;
	}
	*out = value;
	return true;
}

bool json_get_int(
    JsonObject *object, const char *member, int64_t min, int64_t max, int64_t *out, GError **error)
{
	if (!member_node(object, member))
		return invalid(error, member, "is missing");
	return json_get_optional_int(object, member, min, max, 0, out, error);
}

bool json_get_optional_bool(
    JsonObject *object, const char *member, bool fallback, bool *out, GError **error)
{
	JsonNode *node = member_node(object, member);

	*out = fallback;
	if (!node)
		return true;
	if (!JSON_NODE_HOLDS_VALUE(node) || json_node_get_value_type(node) != G_TYPE_BOOLEAN)
		return invalid(error, member, "must be true or false");
	*out = json_node_get_boolean(node);
	return true;
}

JsonObject *json_get_optional_object(JsonObject *object, const char *member, GError **error)
{
	JsonNode *node = member_node(object, member);

	if (!node)
		return NULL;
	if (!JSON_NODE_HOLDS_OBJECT(node)) {
		invalid(error, member, "must be an object");
		return NULL;
	}
	return json_node_get_object(node);
}

bool json_check_members(JsonObject *object, const char *known, GError **error)
{
	g_auto(GStrv) names = g_strsplit(known, " ", 0);
	g_autoptr(GList) members = json_object_get_members(object);

	for (GList *item = members; item; item = item->next)
		if (!g_strv_contains((const char *const *)names, item->data)) {
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
			    "unknown member \"%.64s\"; known are: %s", (const char *)item->data,
			    known);
			return false;
		}
	return true;
}

JsonObject *json_get_object(JsonObject *object, const char *member, GError **error)
{
	if (!member_node(object, member)) {
		invalid(error, member, "is missing");
		return NULL;
	}
	return json_get_optional_object(object, member, error);
}

JsonArray *json_get_array(
    JsonObject *object, const char *member, unsigned max_length, GError **error)
{
	JsonNode *node = member_node(object, member);

	if (!node) {
		invalid(error, member, "is missing");
		return NULL;
	}
	if (!JSON_NODE_HOLDS_ARRAY(node)) {
		invalid(error, member, "must be a list");
		return NULL;
	}
	JsonArray *array = json_node_get_array(node);
	if (json_array_get_length(array) > max_length) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "\"%s\" has more than %u entries", member, max_length);
		return NULL;
	}
	return array;
}

/*
 * json-glib's parser recurses without a bound and takes more than JSON (comments, "var x ="), so
 * the text is looked through first: only what RFC 8259 has outside of strings, no control
 * character and no NUL inside of them, and no deeper than DEPTH_MAX.
 */
static const char *check_text(const char *text, size_t n, unsigned *line)
{
	unsigned depth = 0;
	bool in_string = false, ended = false;

	*line = 1;
	for (size_t i = 0; i < n; i++) {
		unsigned char c = text[i];
		if (c == '\n')
			++*line;
		if (in_string) {
			if (c < 0x20)
				return "a control character in a string";
			if (c == '\\') {
				if (n - i > 5 && memcmp(text + i, "\\u0000", 6) == 0)
					return "a NUL in a string";
				i++;
			} else if (c == '"') {
				in_string = false;
			}
			continue;
		}
		if (ended && !strchr(" \t\r\n", c))
			return "something after the object";
		if (c == '"')
			in_string = true;
		else if (c == '{' || c == '[') {
			if (++depth > DEPTH_MAX)
				return "too deeply nested";
		} else if (c == '}' || c == ']') {
			if (depth-- == 0)
				return "a bracket too many";
		} else if (!c || !strchr(" \t\r\n:,+-.0123456789eEtrufalsn", c))
			return "not JSON";
		if (depth == 0 && c != '}' && !strchr(" \t\r\n", c))
			return "not a JSON object";
		ended = depth == 0 && (ended || c == '}');
	}
	if (in_string || depth)
		return "cut short";
	return NULL;
}

JsonNode *json_parse_object(const char *text, gssize n, GError **error)
{
	g_autoptr(JsonParser) parser = json_parser_new_immutable();
	g_autoptr(GError) local = NULL;
	size_t length = n < 0 ? strlen(text) : (size_t)n;
	unsigned line;
	const char *wrong = check_text(text, length, &line);

	if (!wrong && !g_utf8_validate_len(text, length, NULL))
		wrong = "not valid UTF-8";
	if (wrong) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "line %u: %s", line, wrong);
		return NULL;
	}
	if (!json_parser_load_from_data(parser, text, length, &local)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "line %u: not JSON",
		    MAX(json_parser_get_current_line(parser), 1));
		return NULL;
	}
	JsonNode *root = json_parser_get_root(parser);
	if (!root || !JSON_NODE_HOLDS_OBJECT(root)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "not a JSON object");
		return NULL;
	}
	return json_node_ref(root);
}

JsonNode *json_load_file(const char *path, size_t max, GError **error)
{
	size_t n = 0;
	g_autofree char *text = file_load(path, max, &n, error);
	if (!text)
		return NULL;
	JsonNode *node = json_parse_object(text, n, error);
	if (!node)
		g_prefix_error(error, "%s: ", path);
	return node;
}

bool json_store_file(const char *path, JsonNode *node, int mode, GError **error)
{
	g_autofree char *text = json_to_string(node, TRUE);
	g_autofree char *line = g_strconcat(text, "\n", NULL);
	return file_store(path, line, strlen(line), mode, error);
}

JsonNode *json_node_of(JsonObject *object)
{
	JsonNode *node = json_node_new(JSON_NODE_OBJECT);
	json_node_take_object(node, object);
	return node;
}

JsonNode *json_node_of_array(JsonArray *array)
{
	JsonNode *node = json_node_new(JSON_NODE_ARRAY);
	json_node_take_array(node, array);
	return node;
}

char *json_text(JsonNode *node)
{
	return json_to_string(node, FALSE);
}
