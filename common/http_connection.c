/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A request's way: LWS_CALLBACK_HTTP (head is there) -> HTTP_BODY... -> dispatch -> handler ->
 * http_respond_*() -> HTTP_WRITEABLE... -> transaction completed, next request.
 *
 * lws leaves input alone while an answer is pending, and its event would then come again and again.
 * So where that lasts (a held request, a long answer) we watch the descriptor ourselves; a client
 * that sends anything or goes meanwhile is cut off. RFC 9112 section 9.3.2 lets a server close on
 * pipelining, and no client of ours pipelines.
 */
#include "common/http_private.h"

#include <glib-unix.h>
#include <poll.h>
#include <string.h>

#include "common/error.h"

static void refuse(struct http_request *request, enum qvmi_error_code code, const char *why)
{
	g_autoptr(GError) error = g_error_new_literal(QVMI_ERROR, code, why);
	request->close_after = true;
	request->dispatched = true;
	http_respond_error(request, error);
}

static void dispatch(struct http_request *request)
{
	request->dispatched = true;
	request->body = g_byte_array_free_to_bytes(g_steal_pointer(&request->collecting));
	/* The handler takes the time it needs; the peer's going is noticed by the watch. */
	lws_set_timeout(request->connection->wsi, NO_PENDING_TIMEOUT, 0);
	http_route_dispatch(request);
}

static int on_head(struct http_connection *connection, struct lws *wsi)
{
	if (connection->request)
		return -1;
	struct http_request *request = http_head_read(connection, wsi);
	if (!request)
		return -1;
	connection->request = request;
	if (!g_utf8_validate(request->path, -1, NULL))
		refuse(request, QVMI_ERROR_INVALID, "the path is not valid UTF-8");
	else if (!http_head_read_length(request, wsi))
		refuse(request, QVMI_ERROR_INVALID, "a body needs a Content-Length");
	else if (request->content_length > connection->listener->server->max_body)
		refuse(request, QVMI_ERROR_TOO_LARGE, "the body is larger than is taken here");
	else if (request->content_length == 0)
		dispatch(request);
	return 0;
}

static int on_body(struct http_connection *connection, const void *bytes, size_t n)
{
	struct http_request *request = connection->request;

	if (!request)
		return -1;
	if (request->answered && request->close_after) /* the refused body */
		return 0;
	if (request->dispatched)
		return n > 0 ? -1 : 0;
	if (request->collecting->len + n > request->content_length ||
	    g_get_monotonic_time() - request->started > HTTP_ARRIVAL_S * G_USEC_PER_SEC)
		return -1;
	g_byte_array_append(request->collecting, bytes, n);
	return 0;
}

static int on_body_end(struct http_connection *connection)
{
	struct http_request *request = connection->request;

	if (!request)
		return -1;
	if (request->answered && request->close_after)
		return 0;
	if (request->dispatched) /* an empty body, or input while the answer is pending */
		return request->content_length > 0 ? -1 : 0;
	dispatch(request);
	return 0;
}

/* --- writing the answer --- */

static void end_watch(struct http_connection *connection)
{
	if (!connection->watch)
		return;
	g_source_destroy(connection->watch);
	g_source_unref(connection->watch);
	connection->watch = NULL;
}

static int on_answered(struct http_connection *connection)
{
	bool close_after = connection->request->close_after;

	end_watch(connection);
	g_clear_pointer(&connection->request, http_request_free);
	if (close_after) {
		http_linger(connection);
		return -1;
	}
	return lws_http_transaction_completed(connection->wsi) ? -1 : 0;
}

static int write_piece(struct http_connection *connection, GByteArray *piece, bool last)
{
	enum lws_write_protocol kind = last ? LWS_WRITE_HTTP_FINAL : LWS_WRITE_HTTP;
	int n = (int)piece->len - LWS_PRE;

	lws_set_timeout(connection->wsi, PENDING_TIMEOUT_HTTP_CONTENT, HTTP_ARRIVAL_S);
	return lws_write(connection->wsi, piece->data + LWS_PRE, n, kind) < n ? -1 : 0;
}

static int on_writable(struct http_connection *connection)
{
	struct http_request *request = connection->request;
	static const guint8 room[LWS_PRE];
	gsize size = 0;

	if (!request || !request->answered)
		return 0;
	const guint8 *answer = request->answer ? g_bytes_get_data(request->answer, &size) : NULL;
	if (g_str_equal(request->method, "HEAD"))
		size = 0;
	g_autoptr(GByteArray) piece = g_byte_array_sized_new(LWS_PRE + HTTP_CHUNK + 1024);
	g_byte_array_append(piece, room, sizeof(room));
	if (!request->head_sent) {
		GString *head = http_request_head(request);
		g_byte_array_append(piece, (const guint8 *)head->str, head->len);
		g_string_free(head, TRUE);
		request->head_sent = true;
	}
	gsize n = MIN(size - request->offset, HTTP_CHUNK);
	if (n > 0)
		g_byte_array_append(piece, answer + request->offset, n);
	request->offset += n;
	bool last = request->offset == size;
	if (write_piece(connection, piece, last) < 0)
		return -1;
	if (last)
		return on_answered(connection);
	http_connection_watch(connection);
	lws_callback_on_writable(connection->wsi);
	return 0;
}

/* --- upgrades --- */

/* Same host name as the one asked for: another site's page may not speak in the user's name. Ports
 * may differ: the page and the stream come from different daemons of one machine. */
static bool origin_fits(const struct http_request *request)
{
	const char *origin = g_hash_table_lookup(request->headers, "origin");
	const char *host = g_hash_table_lookup(request->headers, "host");

	if (!origin)
		return true;
	if (!host)
		return false;
	g_autofree char *own = g_strconcat("https://", host, NULL);
	g_autoptr(GUri) theirs = g_uri_parse(origin, G_URI_FLAGS_NONE, NULL);
	g_autoptr(GUri) ours = g_uri_parse(own, G_URI_FLAGS_NONE, NULL);
	return theirs && ours && g_uri_get_host(theirs) && g_uri_get_host(ours) &&
	       g_ascii_strcasecmp(g_uri_get_host(theirs), g_uri_get_host(ours)) == 0;
}

static bool accept_upgrade(
    struct http_connection *connection, struct http_request *request, GError **error)
{
	const char *offered = g_hash_table_lookup(request->headers, "sec-websocket-protocol");
	const struct http_route *route = http_route_socket(request);

	if (!route) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "there is no WebSocket at %s",
		    request->path);
		return false;
	}
	if (!route->socket->any_origin && !origin_fits(request)) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_DENIED, "a page of another site may not connect");
		return false;
	}
	/* One name, not a list: lws would take any it knows. */
	if (route->socket->subprotocol && g_strcmp0(route->socket->subprotocol, offered) != 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "Sec-WebSocket-Protocol must be %s", route->socket->subprotocol);
		return false;
	}
	return http_socket_accept(connection, route, request, error);
}

/* 0: go on with the upgrade, otherwise what lws is to return. */
static int on_upgrade(struct http_connection *connection, struct lws *wsi, const char *kind)
{
	g_autoptr(GError) error = NULL;

	if (connection->request || g_ascii_strcasecmp(kind, "websocket") != 0)
		return -1;
	struct http_request *request = http_head_read(connection, wsi);
	if (!request)
		return -1;
	if (accept_upgrade(connection, request, &error)) {
		http_request_free(request);
		return 0;
	}
	request->dispatched = true;
	request->close_after = true;
	connection->request = request;
	http_respond_error(request, error);
	on_writable(connection); /* short: one piece */
	g_clear_pointer(&connection->request, http_request_free);
	return -1;
}

/* --- life --- */

void http_connection_kick(struct http_connection *connection)
{
	lws_cancel_service(connection->listener->context);
}

static gboolean on_input_while_pending(gint fd, GIOCondition condition, gpointer data)
{
	struct http_connection *connection = data;
	(void)fd, (void)condition;

	end_watch(connection);
	lws_set_timeout(connection->wsi, PENDING_TIMEOUT_CLOSE_ACK, LWS_TO_KILL_SYNC);
	return G_SOURCE_REMOVE;
}

void http_connection_watch(struct http_connection *connection)
{
	if (connection->watch || !connection->wsi)
		return;
	/* GLib hands the bits to poll(2) as they are. */
	connection->watch = g_unix_fd_source_new(
	    lws_get_socket_fd(connection->wsi), (GIOCondition)(G_IO_IN | POLLRDHUP));
	g_source_set_callback(
	    connection->watch, (GSourceFunc)(void *)on_input_while_pending, connection, NULL);
	g_source_attach(connection->watch, NULL);
}

void http_connection_free(struct http_connection *connection)
{
	struct http_request *request = g_steal_pointer(&connection->request);

	end_watch(connection);
	if (connection->socket)
		http_socket_closed(connection);
	connection->wsi = NULL;
	g_ptr_array_remove_fast(connection->listener->connections, connection);
	if (request)
		http_request_gone(request);
	g_free((char *)connection->peer.name);
	g_free((char *)connection->peer.address);
	g_free(connection);
}

int http_connection_callback(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n)
{
	struct http_connection *connection = wsi ? lws_get_opaque_user_data(wsi) : NULL;
	(void)user;

	/* lws believes our answer, not OpenSSL's, which it hands us in `n`; 0 would let in a
	 * certificate of any authority. */
	if (reason == LWS_CALLBACK_OPENSSL_PERFORM_CLIENT_CERT_VERIFICATION)
		return n == 0;
	if (!connection)
		return 0;
	connection->wsi = wsi;
	switch (reason) {
	case LWS_CALLBACK_HTTP:
		return on_head(connection, wsi);
	case LWS_CALLBACK_HTTP_BODY:
		return on_body(connection, in, n);
	case LWS_CALLBACK_HTTP_BODY_COMPLETION:
		return on_body_end(connection);
	case LWS_CALLBACK_HTTP_WRITEABLE:
		return on_writable(connection);
	case LWS_CALLBACK_HTTP_CONFIRM_UPGRADE:
		return on_upgrade(connection, wsi, in);
	case LWS_CALLBACK_ESTABLISHED:
		return http_socket_established(connection);
	case LWS_CALLBACK_RECEIVE:
		return http_socket_receive(connection, in, n);
	case LWS_CALLBACK_SERVER_WRITEABLE:
		return http_socket_writable(connection);
	case LWS_CALLBACK_RAW_ADOPT: /* "CONNECT" turns lws raw */
	case LWS_CALLBACK_RAW_RX:
		return -1;
	case LWS_CALLBACK_WSI_DESTROY:
		lws_set_opaque_user_data(wsi, NULL);
		http_connection_free(connection);
		return 0;
	default:
		return 0;
	}
}
