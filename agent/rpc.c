/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/rpc.h"

#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

bool rpc_fail(struct rpc_error *error, int code, const char *format, ...)
{
	va_list arguments;
	error->code = code;
	va_start(arguments, format);
	vsnprintf(error->message, sizeof(error->message), format, arguments);
	va_end(arguments);
	return false;
}

static struct json_object *envelope(void)
{
	struct json_object *object = json_object_new_object();
	json_object_object_add(object, "jsonrpc", json_object_new_string("2.0"));
	return object;
}

static struct json_object *error_response(struct json_object *id, const struct rpc_error *error)
{
	struct json_object *response = envelope();
	struct json_object *body = json_object_new_object();
	json_object_object_add(body, "code", json_object_new_int(error->code));
	json_object_object_add(body, "message", json_object_new_string(error->message));
	json_object_object_add(response, "error", body);
	json_object_object_add(response, "id", json_object_get(id));
	return response;
}

struct json_object *rpc_refuse(int code, const char *message)
{
	struct rpc_error error;
	rpc_fail(&error, code, "%s", message);
	return error_response(NULL, &error);
}

struct json_object *rpc_notification(const char *method, struct json_object *params)
{
	struct json_object *object = envelope();
	json_object_object_add(object, "method", json_object_new_string(method));
	json_object_object_add(object, "params", params);
	return object;
}

static struct json_object *parse(const char *line, size_t length)
{
	if (length > INT_MAX || memchr(line, '\0', length))
		return NULL;
	struct json_tokener *tokener = json_tokener_new_ex(RPC_DEPTH);
	if (!tokener)
		return NULL;
	json_tokener_set_flags(tokener, JSON_TOKENER_STRICT | JSON_TOKENER_VALIDATE_UTF8);
	struct json_object *object = json_tokener_parse_ex(tokener, line, (int)length);
	/* A number at the very end is complete only once something follows it; such a line is no
	 * request anyway. */
	bool whole = json_tokener_get_error(tokener) == json_tokener_success &&
	             json_tokener_get_parse_end(tokener) == length;
	json_tokener_free(tokener);
	if (whole)
		return object;
	json_object_put(object);
	return NULL;
}

/* A member that must be a string and equal, e.g. "jsonrpc": "2.0". */
static bool member_is(struct json_object *object, const char *name, const char *wanted)
{
	struct json_object *member;
	return json_object_object_get_ex(object, name, &member) &&
	       json_object_is_type(member, json_type_string) &&
	       strcmp(json_object_get_string(member), wanted) == 0;
}

static bool id_is_valid(struct json_object *id)
{
	return id == NULL || json_object_is_type(id, json_type_string) ||
	       json_object_is_type(id, json_type_int);
}

static bool call(const struct rpc_method *methods, void *context, const char *name,
    struct json_object *params, struct json_object **result, struct rpc_error *error)
{
	for (const struct rpc_method *method = methods; method->name; method++) {
		if (strcmp(method->name, name) != 0)
			continue;
		if (params && !json_object_is_type(params, json_type_object))
			return rpc_fail(error, RPC_INVALID_PARAMS, "params must be an object");
		struct json_object *empty = params ? NULL : json_object_new_object();
		bool done = method->call(context, params ? params : empty, result, error);
		json_object_put(empty);
		return done;
	}
	return rpc_fail(error, RPC_METHOD_NOT_FOUND,
	    "this agent has no method of that name; agent.info tells its version");
}

struct json_object *rpc_answer(
    const struct rpc_method *methods, void *context, const char *line, size_t length)
{
	struct json_object *request = parse(line, length);
	if (!request)
		return rpc_refuse(RPC_PARSE_ERROR, "not a line of JSON");

	struct json_object *id = NULL, *method = NULL, *params = NULL, *response = NULL;
	bool is_object = json_object_is_type(request, json_type_object);
	bool wants_answer = !is_object || json_object_object_get_ex(request, "id", &id);
	if (!is_object || !member_is(request, "jsonrpc", "2.0") || !id_is_valid(id) ||
	    !json_object_object_get_ex(request, "method", &method) ||
	    !json_object_is_type(method, json_type_string)) {
		response = rpc_refuse(RPC_INVALID_REQUEST, "not a JSON-RPC 2.0 request");
		json_object_put(request);
		return response;
	}
	json_object_object_get_ex(request, "params", &params);

	struct json_object *result = NULL;
	struct rpc_error error = {
	    .code = RPC_INTERNAL_ERROR, .message = "failed without saying why"};
	bool done = call(methods, context, json_object_get_string(method), params, &result, &error);
	if (!wants_answer) {
		json_object_put(result);
	} else if (done) {
		response = envelope();
		json_object_object_add(
		    response, "result", result ? result : json_object_new_object());
		json_object_object_add(response, "id", json_object_get(id));
	} else {
		json_object_put(result);
		response = error_response(id, &error);
	}
	json_object_put(request);
	return response;
}

bool rpc_string(
    struct json_object *params, const char *name, const char **value, struct rpc_error *error)
{
	struct json_object *member;
	if (!json_object_object_get_ex(params, name, &member) ||
	    !json_object_is_type(member, json_type_string))
		return rpc_fail(
		    error, RPC_INVALID_PARAMS, "params need a string called \"%s\"", name);
	*value = json_object_get_string(member);
	if (strlen(*value) != (size_t)json_object_get_string_len(member))
		return rpc_fail(error, RPC_INVALID_PARAMS, "\"%s\" must not hold a NUL", name);
	return true;
}
