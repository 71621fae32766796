/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON values to Lua values and back. JSON null becomes nil (an absent member). Lua's only
 * structure is the table: 1..n is an array, string keys an object, an empty one an array, except
 * the outermost, which is always an object.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <lua.h>

/* What a rule may give back; more is an error, so that no answer floods its reader. */
#define LUA_JSON_MAX_DEPTH 8
#define LUA_JSON_MAX_VALUES 4096
#define LUA_JSON_MAX_BYTES 65536 /* of strings and keys */

/* Pushes one value. Raises Lua's memory error: call it protected. */
void lua_json_push(lua_State *lua, JsonNode *node);

/* The table on top of the stack (left there) as an object; uses raw access only: no metamethod of
 * the script runs. QVMI_ERROR_INVALID names what cannot be said in JSON. Caller unrefs. */
JsonNode *lua_json_object(lua_State *lua, GError **error);
