/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/lua_json.h"

#include <lauxlib.h>
#include <math.h>
#include <stdbool.h>
#include <string.h>

#include "common/error.h"

static void push_array(lua_State *lua, JsonArray *array)
{
	unsigned n = json_array_get_length(array);

	lua_createtable(lua, (int)n, 0);
	for (unsigned i = 0; i < n; i++) {
		lua_json_push(lua, json_array_get_element(array, i));
		lua_rawseti(lua, -2, (lua_Integer)i + 1);
	}
}

static void push_object(lua_State *lua, JsonObject *object)
{
	JsonObjectIter iter;
	const char *name;
	JsonNode *node;

	lua_createtable(lua, 0, (int)json_object_get_size(object));
	json_object_iter_init(&iter, object);
	while (json_object_iter_next(&iter, &name, &node)) {
		lua_json_push(lua, node);
		lua_setfield(lua, -2, name);
	}
}

static void push_scalar(lua_State *lua, JsonNode *node)
{
	GType type = json_node_get_value_type(node);

	if (type == G_TYPE_STRING)
		lua_pushstring(lua, json_node_get_string(node));
	else if (type == G_TYPE_BOOLEAN)
		lua_pushboolean(lua, json_node_get_boolean(node));
	else if (type == G_TYPE_INT64)
		lua_pushinteger(lua, json_node_get_int(node));
	else
		lua_pushnumber(lua, json_node_get_double(node));
}

void lua_json_push(lua_State *lua, JsonNode *node)
{
	luaL_checkstack(lua, 4, "input nested too deep");
	switch (json_node_get_node_type(node)) {
	case JSON_NODE_ARRAY:
		push_array(lua, json_node_get_array(node));
		break;
	case JSON_NODE_OBJECT:
		push_object(lua, json_node_get_object(node));
		break;
	case JSON_NODE_VALUE:
		push_scalar(lua, node);
		break;
	case JSON_NODE_NULL:
		lua_pushnil(lua);
		break;
	}
}

/* What is left of the bounds. */
struct budget {
	unsigned values;
	size_t bytes;
};

static bool invalid(GError **error, const char *text)
{
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "the rule returned %s", text);
	return false;
}

/* The string at `index`, checked, not converted in place (which would confuse lua_next). */
static const char *take_string(lua_State *lua, int index, struct budget *budget, GError **error)
{
	size_t n;
	const char *text = lua_tolstring(lua, index, &n);

	if (n > budget->bytes) {
		invalid(error, "more than 64 KiB");
		return NULL;
	}
	budget->bytes -= n;
	if (!g_utf8_validate_len(text, n, NULL)) {
		invalid(error, "a string that is not UTF-8");
		return NULL;
	}
	return text;
}

static JsonNode *take_value(lua_State *lua, int depth, struct budget *budget, GError **error);

static JsonNode *take_array(
    lua_State *lua, lua_Unsigned n, int depth, struct budget *budget, GError **error)
{
	g_autoptr(JsonArray) array = json_array_new();
	JsonNode *node;

	for (lua_Unsigned i = 1; i <= n; i++) {
		lua_rawgeti(lua, -1, (lua_Integer)i);
		JsonNode *element = take_value(lua, depth + 1, budget, error);
		lua_pop(lua, 1);
		if (!element)
			return NULL;
		json_array_add_element(array, element);
	}
	node = json_node_new(JSON_NODE_ARRAY);
	json_node_set_array(node, array);
	return node;
}

static JsonNode *take_object(lua_State *lua, int depth, struct budget *budget, GError **error)
{
	g_autoptr(JsonObject) object = json_object_new();
	JsonNode *node;

	lua_pushnil(lua);
	while (lua_next(lua, -2)) {
		const char *key = NULL;
		JsonNode *value = NULL;

		if (lua_type(lua, -2) != LUA_TSTRING)
			invalid(error, "a table that mixes names and numbers as keys");
		else
			key = take_string(lua, -2, budget, error);
		if (key)
			value = take_value(lua, depth + 1, budget, error);
		if (!value) {
			lua_pop(lua, 2);
			return NULL;
		}
		json_object_set_member(object, key, value);
		lua_pop(lua, 1);
	}
	node = json_node_new(JSON_NODE_OBJECT);
	json_node_set_object(node, object);
	return node;
}

static JsonNode *take_table(lua_State *lua, int depth, struct budget *budget, GError **error)
{
	lua_Unsigned n = lua_rawlen(lua, -1);
	bool empty;

	if (depth > LUA_JSON_MAX_DEPTH || !lua_checkstack(lua, 4)) {
		invalid(error, "tables nested deeper than 8 (or a table that holds itself)");
		return NULL;
	}
	lua_pushnil(lua);
	empty = !lua_next(lua, -2);
	if (!empty)
		lua_pop(lua, 2);
	if (depth > 1 && (n > 0 || empty))
		return take_array(lua, n, depth, budget, error);
	return take_object(lua, depth, budget, error);
}

static JsonNode *take_number(lua_State *lua, GError **error)
{
	double number;

	if (lua_isinteger(lua, -1))
		return json_node_init_int(json_node_alloc(), lua_tointeger(lua, -1));
	number = lua_tonumber(lua, -1);
	if (!isfinite(number)) {
		invalid(error, "a number that is not finite");
		return NULL;
	}
	return json_node_init_double(json_node_alloc(), number);
}

/* The value on top of the stack, left there. */
static JsonNode *take_value(lua_State *lua, int depth, struct budget *budget, GError **error)
{
	const char *text;

	if (budget->values == 0) {
		invalid(error, "more than 4096 values");
		return NULL;
	}
	budget->values--;
	switch (lua_type(lua, -1)) {
	case LUA_TTABLE:
		return take_table(lua, depth, budget, error);
	case LUA_TSTRING:
		text = take_string(lua, -1, budget, error);
		return text ? json_node_init_string(json_node_alloc(), text) : NULL;
	case LUA_TNUMBER:
		return take_number(lua, error);
	case LUA_TBOOLEAN:
		return json_node_init_boolean(json_node_alloc(), lua_toboolean(lua, -1));
	default:
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "the rule returned a %s; only tables, strings, numbers and booleans can be",
		    luaL_typename(lua, -1));
		return NULL;
	}
}

JsonNode *lua_json_object(lua_State *lua, GError **error)
{
	struct budget budget = {LUA_JSON_MAX_VALUES, LUA_JSON_MAX_BYTES};

	if (lua_type(lua, -1) != LUA_TTABLE) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "the rule returned a %s, not a table", luaL_typename(lua, -1));
		return NULL;
	}
	return take_value(lua, 1, &budget, error);
}
