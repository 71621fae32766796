/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/http_private.h"

#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "common/problem.h"

struct http_request *http_request_new(struct http_connection *connection, const char *method)
{
	struct http_request *request = g_new0(struct http_request, 1);

	request->server = connection->listener->server;
	request->connection = connection;
	request->peer = connection->peer;
	request->peer.name = g_strdup(connection->peer.name);
	request->peer.address = g_strdup(connection->peer.address);
	request->method = method;
	request->query = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	request->headers = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, g_free);
	request->collecting = g_byte_array_new();
	request->started = g_get_monotonic_time();
	request->cancellable = g_cancellable_new();
	request->answer_headers = g_string_new(NULL);
	return request;
}

void http_request_free(struct http_request *request)
{
	if (request->note)
		request->note_free(request->note);
	g_free((char *)request->peer.name);
	g_free((char *)request->peer.address);
	g_free(request->path);
	g_hash_table_unref(request->query);
	g_hash_table_unref(request->headers);
	for (unsigned i = 0; i < request->n_parameters; i++)
		g_free(request->parameters[i].value);
	if (request->collecting)
		g_byte_array_unref(request->collecting);
	g_clear_pointer(&request->body, g_bytes_unref);
	g_clear_pointer(&request->json, json_node_unref);
	g_object_unref(request->cancellable);
	g_string_free(request->answer_headers, TRUE);
	g_clear_pointer(&request->answer, g_bytes_unref);
	g_free(request);
}

void http_request_gone(struct http_request *request)
{
	request->connection = NULL;
	if (request->answered || !request->held) {
		http_request_free(request);
		return;
	}
	g_ptr_array_add(request->server->orphans, request);
	/* Who listens may answer at once, and thereby free the request. */
	g_autoptr(GCancellable) cancellable = g_object_ref(request->cancellable);
	g_cancellable_cancel(cancellable);
}

/* --- asked by a handler --- */

const struct http_peer *http_request_peer(struct http_request *request)
{
	return &request->peer;
}

const char *http_request_path(struct http_request *request)
{
	return request->path;
}

const struct http_route *http_request_route(struct http_request *request)
{
	return request->route;
}

void *http_request_server_data(struct http_request *request)
{
	return request->server->data;
}

void http_request_set_note(struct http_request *request, void *note, GDestroyNotify note_free)
{
	g_assert(!request->note);
	request->note = note;
	request->note_free = note_free;
}

void *http_request_note(struct http_request *request)
{
	return request->note;
}

const char *http_request_parameter(struct http_request *request, const char *name)
{
	for (unsigned i = 0; i < request->n_parameters; i++)
		if (request->parameters[i].n_name == strlen(name) &&
		    memcmp(request->parameters[i].name, name, strlen(name)) == 0)
			return request->parameters[i].value;
	g_error("the pattern of %s has no {%s}", request->path, name);
}

const char *http_request_query(struct http_request *request, const char *name)
{
	return g_hash_table_lookup(request->query, name);
}

const char *http_request_header(struct http_request *request, const char *name)
{
	return g_hash_table_lookup(request->headers, name);
}

GBytes *http_request_body(struct http_request *request)
{
	if (!request->body)
		request->body = g_bytes_new(NULL, 0);
	return request->body;
}

JsonObject *http_request_json(struct http_request *request, GError **error)
{
	gsize n;
	const char *text = g_bytes_get_data(http_request_body(request), &n);

	if (!request->json) {
		if (n == 0) {
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
			    "the request needs a JSON object as its body");
			return NULL;
		}
		request->json = json_parse_object(text, n, error);
		if (!request->json) {
			g_prefix_error(error, "the body is no JSON object: ");
			return NULL;
		}
	}
	return json_node_get_object(request->json);
}

void http_request_hold(struct http_request *request)
{
	request->held = true;
	if (request->connection)
		http_connection_watch(request->connection);
}

GCancellable *http_request_cancellable(struct http_request *request)
{
	return request->cancellable;
}

/* --- answers --- */

void http_request_add_header(struct http_request *request, const char *name, const char *value)
{
	/* A line break would start a header of somebody else's making (response splitting). */
	g_return_if_fail(!strpbrk(name, "\r\n: ") && !strpbrk(value, "\r\n"));
	g_string_append_printf(request->answer_headers, "%s: %s\r\n", name, value);
}

GString *http_request_head(const struct http_request *request)
{
	GString *head = g_string_new(NULL);

	g_string_printf(
	    head, "HTTP/1.1 %u %s\r\n", request->status, problem_title(request->status));
	/* 204 and 304 have no body and no length (RFC 9110, section 8.6). */
	if (request->status != 204 && request->status != 304)
		g_string_append_printf(head, "content-length: %" G_GSIZE_FORMAT "\r\n",
		    request->answer ? g_bytes_get_size(request->answer) : 0);
	g_string_append(head, request->answer_headers->str);
	g_string_append_printf(head, "x-content-type-options: nosniff\r\nconnection: %s\r\n\r\n",
	    request->close_after ? "close" : "keep-alive");
	return head;
}

/* Takes `bytes`. */
static void answer(
    struct http_request *request, unsigned status, const char *content_type, GBytes *bytes)
{
	if (request->answered)
		g_error("%s %s is answered twice", request->method, request->path);
	request->answered = true;
	request->status = status;
	request->answer = bytes;
	if (request->route && request->server && request->server->observer)
		request->server->observer(request, status);
	if (content_type)
		http_request_add_header(request, "content-type", content_type);
	if (!request->connection) {
		if (request->server)
			g_ptr_array_remove_fast(request->server->orphans, request);
		http_request_free(request);
		return;
	}
	lws_callback_on_writable(request->connection->wsi);
}

void http_respond_json(struct http_request *request, unsigned status, JsonNode *node)
{
	char *text = json_text(node);

	json_node_unref(node);
	http_request_add_header(request, "cache-control", "no-store");
	answer(request, status, "application/json", g_bytes_new_take(text, strlen(text)));
}

void http_respond_json_text(struct http_request *request, unsigned status, GString *text)
{
	http_request_add_header(request, "cache-control", "no-store");
	answer(request, status, "application/json", g_string_free_to_bytes(text));
}

void http_respond_bytes(
    struct http_request *request, unsigned status, const char *content_type, GBytes *bytes)
{
	answer(request, status, content_type, g_bytes_ref(bytes));
}

void http_respond_empty(struct http_request *request, unsigned status)
{
	answer(request, status, NULL, NULL);
}

void http_respond_error(struct http_request *request, const GError *error)
{
	unsigned status = qvmi_error_http_status(error);
	JsonNode *node = json_node_of(problem_from_error(error));
	char *text = json_text(node);

	json_node_unref(node);
	if (status >= 500)
		g_warning("%s %s: %s", request->method, request->path, error->message);
	if (status == 401)
		http_request_add_header(request, "www-authenticate", "Bearer");
	http_request_add_header(request, "cache-control", "no-store");
	answer(request, status, "application/problem+json", g_bytes_new_take(text, strlen(text)));
}
