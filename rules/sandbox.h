/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One call of one function of one Lua 5.4 script.
 *
 * The script sees base (without dofile, loadfile, load, require, print, collectgarbage), string
 * (without dump), table and math; no bytecode is accepted. Each call has a Lua state of its own:
 * nothing a call leaves behind reaches the next. Memory is bounded here; time is bounded by whoever
 * started the process, since no hook catches everything (a pcall loop, a pattern that backtracks).
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stddef.h>

#define SANDBOX_MAX_SCRIPT 65536   /* bytes */
#define SANDBOX_MEMORY (16u << 20) /* bytes a call, everything Lua allocates */

/* Does the text compile and define its functions? `name` is for messages. */
bool sandbox_check(const char *name, const char *script, size_t n, GError **error);

/* Calls the script's global `function` with `input` as a table. The result is an object; caller
 * unrefs. Errors: QVMI_ERROR_INVALID with Lua's message (bounded, valid UTF-8). */
JsonNode *sandbox_call(const char *name, const char *script, size_t n, const char *function,
    JsonNode *input, GError **error);
