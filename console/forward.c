/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/forward.h"

#include "common/error.h"
#include "common/json.h"
#include "console/administrator.h"
#include "console/console.h"
#include "console/sign_in.h"

/* Query members that are passed on. */
static const char *const query_names[] = {"state", "host", "pool", "user", "phone", "limit",
    "after", "width", "all", "live", "force", NULL};

struct forward {
	struct console *console;
	struct http_request *request;
	const char *method;
	enum { TO_POOL, TO_BROKER } to;
};

/* `by`: who it is that wants this, for the pool's record of orders; NULL: nobody's order. */
static char *path_with_query(struct http_request *request, const char *by)
{
	GString *path = g_string_new(NULL);
	/* The server has decoded it: each segment is escaped again. */
	g_auto(GStrv) segments = g_strsplit(http_request_path(request) + 1, "/", -1);
	for (char **segment = segments; *segment; segment++) {
		g_autofree char *escaped = g_uri_escape_string(*segment, NULL, FALSE);
		g_string_append_printf(path, "/%s", escaped);
	}
	char separator = '?';
	for (const char *const *name = query_names; *name; name++) {
		const char *value = http_request_query(request, *name);
		if (!value)
			continue;
		g_autofree char *escaped = g_uri_escape_string(value, NULL, FALSE);
		g_string_append_printf(path, "%c%s=%s", separator, *name, escaped);
		separator = '&';
	}
	if (by) {
		g_autofree char *escaped = g_uri_escape_string(by, NULL, FALSE);
		g_string_append_printf(path, "%cby=%s", separator, escaped);
	}
	return g_string_free(path, FALSE);
}

static void answered(const struct http_reply *reply, const GError *error, void *data)
{
	g_autofree struct forward *forward = data;
	if (error)
		http_respond_error(forward->request, error);
	else if (reply->json)
		http_respond_json(forward->request, reply->status, json_node_copy(reply->json));
	else if (reply->bytes && g_bytes_get_size(reply->bytes) > 0)
		http_respond_bytes(forward->request, reply->status,
		    reply->content_type ? reply->content_type : "application/octet-stream",
		    reply->bytes);
	else
		http_respond_empty(forward->request, reply->status);
}

static void known(const char *name, const char *token, const GError *error, void *data)
{
	g_autofree struct forward *forward = data;
	g_autoptr(GError) failure = NULL;
	struct http_request *request = forward->request;
	if (error)
		return http_respond_error(request, error);
	JsonNode *body = NULL;
	if (g_bytes_get_size(http_request_body(request)) > 0) {
		JsonObject *object = http_request_json(request, &failure);
		if (!object)
			return http_respond_error(request, failure);
		body = json_node_of(json_object_ref(object));
	}
	bool writes = !g_str_equal(forward->method, "GET");
	g_autofree char *path =
	    path_with_query(request, writes && forward->to == TO_POOL ? name : NULL);
	if (writes)
		g_message("%s: %s %s", name, forward->method, path);
	const struct http_call call = {
	    .method = forward->method,
	    .path = path,
	    .body = body,
	    .idempotency_key = http_request_header(request, "idempotency-key"),
	    .bearer = forward->to == TO_BROKER ? token : NULL,
	};
	struct http_client *client =
	    forward->to == TO_BROKER ? forward->console->broker : forward->console->pool;
	http_request_hold(request);
	http_client_call(
	    client, &call, http_request_cancellable(request), answered, g_steal_pointer(&forward));
}

static void forward_request(
    struct http_request *request, struct console *console, const char *method, int to)
{
	struct forward *forward = g_new0(struct forward, 1);
	forward->console = console;
	forward->request = request;
	forward->method = method;
	forward->to = to;
	administrator_identify(console->administrators, request,
	    g_str_equal(method, "GET") ? BROWSER_READS : BROWSER_WRITES, known, forward);
}

static void pool_get(struct http_request *request, void *data)
{
	forward_request(request, data, "GET", TO_POOL);
}

static void pool_post(struct http_request *request, void *data)
{
	forward_request(request, data, "POST", TO_POOL);
}

static void pool_delete(struct http_request *request, void *data)
{
	forward_request(request, data, "DELETE", TO_POOL);
}

static void broker_get(struct http_request *request, void *data)
{
	forward_request(request, data, "GET", TO_BROKER);
}

const struct http_route forward_routes[] = {
    {"POST", "/v1/login", sign_in_open, NULL},
    {"POST", "/v1/login/second-factor", sign_in_complete, NULL},
    {"POST", "/v1/logout", sign_in_close, NULL},
    {"GET", "/v1/whoami", sign_in_show, NULL},
    {"GET", "/v1/status", pool_get, NULL},
    {"GET", "/v1/hosts", pool_get, NULL},
    {"GET", "/v1/pools", pool_get, NULL},
    {"GET", "/v1/leases", pool_get, NULL},
    {"GET", "/v1/templates", pool_get, NULL},
    {"GET", "/v1/phones", pool_get, NULL},
    {"POST", "/v1/phones", pool_post, NULL},
    {"GET", "/v1/phones/{uuid}", pool_get, NULL},
    {"DELETE", "/v1/phones/{uuid}", pool_delete, NULL},
    {"GET", "/v1/phones/{uuid}/thumbnail", pool_get, NULL},
    {"POST", "/v1/phones/{uuid}/start", pool_post, NULL},
    {"POST", "/v1/phones/{uuid}/stop", pool_post, NULL},
    {"DELETE", "/v1/leases/{id}", pool_delete, NULL},
    {"GET", "/v1/users", broker_get, NULL},
    {"GET", "/v1/packages", broker_get, NULL},
    {"GET", "/v1/sessions", broker_get, NULL},
    {0},
};
