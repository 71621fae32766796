/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/http_private.h"

#include <string.h>

#include "common/error.h"
#include "common/metrics.h"

static void clear_parameters(struct http_request *request)
{
	while (request->n_parameters > 0)
		g_free(request->parameters[--request->n_parameters].value);
}

/* "/v1/phones/{uuid}" against a path; fills the request's parameters. */
static bool matches(struct http_request *request, const char *pattern)
{
	const char *path = request->path;

	clear_parameters(request);
	while (*pattern && *path) {
		if (*pattern != '{') {
			if (*pattern++ != *path++)
				return false;
			continue;
		}
		size_t n_name = strcspn(pattern + 1, "}"), n = strcspn(path, "/");
		if (n == 0 || request->n_parameters == HTTP_PARAMETERS_MAX)
			return false;
		request->parameters[request->n_parameters].name = pattern + 1;
		request->parameters[request->n_parameters].n_name = n_name;
		request->parameters[request->n_parameters++].value = g_strndup(path, n);
		pattern += n_name + 2;
		path += n;
	}
	return !*pattern && !*path;
}

static bool method_matches(const struct http_request *request, const char *method)
{
	if (g_str_equal(request->method, "HEAD"))
		return g_str_equal(method, "GET");
	return g_str_equal(request->method, method);
}

const struct http_route *http_route_socket(struct http_request *request)
{
	for (const struct http_route *route = request->server->routes; route->method; route++)
		if (g_str_equal(route->method, "WS") && matches(request, route->pattern))
			return route;
	return NULL;
}

static void respond_text(struct http_request *request, unsigned status, char *text)
{
	g_autoptr(GBytes) bytes = g_bytes_new_take(text, strlen(text));
	http_respond_bytes(request, status, "text/plain; version=0.0.4; charset=utf-8", bytes);
}

/* The figures are for those who run the machine, not for everybody who can reach the port. */
static bool may_see_metrics(const struct http_request *request)
{
	g_autoptr(GInetAddress) address = NULL;

	if (request->peer.kind != HTTP_PEER_TLS)
		return true;
	address = g_inet_address_new_from_string(request->peer.address);
	return address && g_inet_address_get_is_loopback(address);
}

static bool serve_built_in(struct http_request *request)
{
	if (!method_matches(request, "GET"))
		return false;
	if (g_str_equal(request->path, "/healthz"))
		respond_text(request, 200, g_strdup("ok\n"));
	else if (g_str_equal(request->path, "/readyz"))
		respond_text(request, request->server->ready ? 200 : 503,
		    g_strdup(request->server->ready ? "ready\n" : "not ready\n"));
	else if (g_str_equal(request->path, "/metrics") && may_see_metrics(request))
		respond_text(request, 200, metrics_text());
	else
		return false;
	return true;
}

static void respond_method(struct http_request *request, const char *allowed)
{
	g_autoptr(GError) error = g_error_new(QVMI_ERROR, QVMI_ERROR_INVALID,
	    "%s is not for %s; there is: %s", request->method, request->path, allowed);
	http_request_add_header(request, "allow", allowed);
	http_respond_error(request, error);
	request->status = 405;
}

static void run(struct http_request *request, const struct http_route *route)
{
	g_autoptr(GError) error = NULL;

	request->route = route;
	if (request->server->guard && !request->server->guard(request, route, &error))
		http_respond_error(request, error);
	else
		route->handler(request, request->server->data);
}

void http_route_dispatch(struct http_request *request)
{
	g_autoptr(GString) allowed = g_string_new(NULL);
	struct http_connection *connection = request->connection;

	if (serve_built_in(request))
		return;
	for (const struct http_route *route = request->server->routes; route->method; route++) {
		if (g_str_equal(route->method, "WS") || !matches(request, route->pattern))
			continue;
		if (method_matches(request, route->method)) {
			run(request, route);
			/* Still the connection's, so not freed by an early answer. */
			if (connection->request == request && !request->answered && !request->held)
				g_error("%s %s was neither answered nor held", route->method,
				    route->pattern);
			return;
		}
		g_string_append_printf(allowed, "%s%s", allowed->len ? ", " : "", route->method);
	}
	if (allowed->len) {
		respond_method(request, allowed->str);
		return;
	}
	if (method_matches(request, "GET") && request->server->folder && http_static_serve(request))
		return;
	g_autoptr(GError) error =
	    g_error_new(QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "there is nothing at %s", request->path);
	http_respond_error(request, error);
}
