/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/sandbox.h"

#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>
#include <stdlib.h>

#include "common/error.h"
#include "rules/lua_json.h"

#define MAX_MESSAGE 512

struct sandbox {
	lua_State *lua;
	size_t left; /* bytes this call may still allocate */
	const char *name, *script, *function;
	size_t n;
	JsonNode *input; /* NULL: load only */
};

/* lua_Alloc. `old` is a type tag, not a size, when `block` is NULL. */
static void *allocate(void *data, void *block, size_t old, size_t size)
{
	struct sandbox *s = data;
	size_t before = block ? old : 0;
	void *moved;

	if (size == 0) {
		free(block);
		s->left += before;
		return NULL;
	}
	if (size > before && size - before > s->left)
		return NULL;
	moved = realloc(block, size);
	if (moved) {
		s->left += before;
		s->left -= size;
	}
	return moved;
}

static void open_libraries(lua_State *lua)
{
	static const luaL_Reg libraries[] = {{LUA_GNAME, luaopen_base},
	    {LUA_STRLIBNAME, luaopen_string}, {LUA_TABLIBNAME, luaopen_table},
	    {LUA_MATHLIBNAME, luaopen_math}};
	/* What reads files, makes code of strings, or writes where the answers go. */
	static const char *const forbidden[] = {
	    "dofile", "loadfile", "load", "require", "print", "warn", "collectgarbage"};

	for (unsigned i = 0; i < G_N_ELEMENTS(libraries); i++) {
		luaL_requiref(lua, libraries[i].name, libraries[i].func, 1);
		lua_pop(lua, 1);
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(forbidden); i++) {
		lua_pushnil(lua);
		lua_setglobal(lua, forbidden[i]);
	}
	lua_getglobal(lua, LUA_STRLIBNAME);
	lua_pushnil(lua);
	lua_setfield(lua, -2, "dump");
	lua_pop(lua, 1);
	/* luaL_requiref remembers the libraries where only debug could find them; tidy anyway. */
	lua_pushnil(lua);
	lua_setfield(lua, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
}

/* Runs protected. Leaves the function's result, or nothing when there is no input. */
static int run(lua_State *lua)
{
	struct sandbox *s = lua_touserdata(lua, 1);

	open_libraries(lua);
	if (luaL_loadbufferx(lua, s->script, s->n, s->name, "t") != LUA_OK)
		return lua_error(lua);
	lua_call(lua, 0, 0);
	if (!s->input)
		return 0;
	if (lua_getglobal(lua, s->function) != LUA_TFUNCTION)
		return luaL_error(lua, "the script has no function '%s'", s->function);
	lua_json_push(lua, s->input);
	lua_call(lua, 1, 1);
	return 1;
}

/* Lua's error value as text: it may be anything, of any length, in any encoding. */
static void set_error(lua_State *lua, GError **error)
{
	g_autofree char *text = NULL;

	if (lua_type(lua, -1) == LUA_TSTRING) {
		size_t n;
		const char *raw = lua_tolstring(lua, -1, &n);

		text = g_utf8_make_valid(raw, (gssize)MIN(n, MAX_MESSAGE));
	} else {
		text = g_strdup_printf("raised a %s", luaL_typename(lua, -1));
	}
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_INVALID, text);
}

static JsonNode *execute(struct sandbox *s, GError **error)
{
	JsonNode *result = NULL;
	int status;

	s->left = SANDBOX_MEMORY;
	s->lua = lua_newstate(allocate, s);
	if (!s->lua) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED, "no memory for Lua");
		return NULL;
	}
	/* A light C function and a light userdata: neither allocates, so neither can raise here. */
	lua_pushcfunction(s->lua, run);
	lua_pushlightuserdata(s->lua, s);
	status = lua_pcall(s->lua, 1, s->input ? 1 : 0, 0);
	if (status != LUA_OK)
		set_error(s->lua, error);
	else if (s->input)
		result = lua_json_object(s->lua, error);
	else
		result = json_node_new(JSON_NODE_NULL);
	lua_close(s->lua);
	return result;
}

static bool fits(size_t n, GError **error)
{
	if (n <= SANDBOX_MAX_SCRIPT)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_TOO_LARGE,
	    "the script has %zu bytes; at most %d are accepted", n, SANDBOX_MAX_SCRIPT);
	return false;
}

bool sandbox_check(const char *name, const char *script, size_t n, GError **error)
{
	struct sandbox s = {.name = name, .script = script, .n = n};
	g_autoptr(JsonNode) done = fits(n, error) ? execute(&s, error) : NULL;

	return done != NULL;
}

JsonNode *sandbox_call(const char *name, const char *script, size_t n, const char *function,
    JsonNode *input, GError **error)
{
	struct sandbox s = {
	    .name = name, .script = script, .n = n, .function = function, .input = input};

	return fits(n, error) ? execute(&s, error) : NULL;
}
