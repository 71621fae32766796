/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON-RPC 2.0 (https://www.jsonrpc.org/specification) on single lines, without batches. The
 * methods are a table.
 *
 * Lines come from outside: they are parsed strictly (UTF-8, at most RPC_DEPTH deep) and whatever
 * they hold the outcome is an answer, never an exit.
 */
#pragma once

#include <json-c/json.h>
#include <stdbool.h>
#include <stddef.h>

#define RPC_DEPTH 8

enum rpc_code {
	RPC_PARSE_ERROR = -32700,
	RPC_INVALID_REQUEST = -32600,
	RPC_METHOD_NOT_FOUND = -32601,
	RPC_INVALID_PARAMS = -32602,
	RPC_INTERNAL_ERROR = -32603,
	RPC_FAILED = -32000, /* the request was understood and could not be done */
};

struct rpc_error {
	int code;
	char message[256]; /* says what to do about it */
};

struct rpc_method {
	const char *name;
	/* params is an object (empty when the request had none) and stays the caller's. On success
	 * *result is given away, or left NULL for {}. */
	bool (*call)(void *context, struct json_object *params, struct json_object **result,
	    struct rpc_error *error);
};

/* Sets code and message, and returns false so that a failing function can return it. */
bool rpc_fail(struct rpc_error *error, int code, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Answers one line. methods ends with a NULL name. Returns the response, the caller's to put, or
 * NULL when the line was a notification. */
struct json_object *rpc_answer(
    const struct rpc_method *methods, void *context, const char *line, size_t length);

/* An error response without an id, for a line that could not even be read. */
struct json_object *rpc_refuse(int code, const char *message);

/* A notification; takes params over. */
struct json_object *rpc_notification(const char *method, struct json_object *params);

/* params' member as a string. False, with RPC_INVALID_PARAMS, when it is absent or anything else.
 * The string lives as long as params does and has no NUL inside. */
bool rpc_string(
    struct json_object *params, const char *name, const char **value, struct rpc_error *error);
