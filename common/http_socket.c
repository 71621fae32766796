/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/http_private.h"

#include <string.h>

#include "common/error.h"

#define LOW_MARK (64 * 1024) /* queued bytes below which `writable` is told */
#define TURN_CHUNKS 8        /* pieces written a turn, so that one socket does not starve others */
#define CLOSE_S 5            /* for the rest of the queue to leave after http_socket_close() */
#define STATUS_GOING_AWAY 1001
#define STATUS_TOO_BIG 1009

struct message {
	struct message *next;
	size_t n, offset;
	bool binary;
	unsigned char bytes[]; /* LWS_PRE bytes for lws, then `n` */
};

struct http_socket {
	struct http_connection *connection;
	const struct http_socket_events *events;
	void *data;
	GByteArray *incoming;
	struct message *first, **end;
	size_t queued;
	bool established, closing;
	unsigned status;
	char reason[124]; /* RFC 6455, section 5.5: a control frame carries 125 bytes */
};

bool http_socket_accept(struct http_connection *connection, const struct http_route *route,
    struct http_request *request, GError **error)
{
	struct http_socket *socket = g_new0(struct http_socket, 1);

	socket->connection = connection;
	socket->events = route->socket;
	socket->incoming = g_byte_array_new();
	socket->end = &socket->first;
	if (!route->socket->open(
	        socket, request, connection->listener->server->data, &socket->data, error)) {
		g_byte_array_unref(socket->incoming);
		g_free(socket);
		return false;
	}
	connection->socket = socket;
	return true;
}

int http_socket_established(struct http_connection *connection)
{
	if (!connection->socket)
		return -1;
	connection->socket->established = true;
	lws_set_timeout(connection->wsi, NO_PENDING_TIMEOUT, 0);
	lws_callback_on_writable(connection->wsi); /* what was queued by `open` */
	return 0;
}

int http_socket_receive(struct http_connection *connection, const void *bytes, size_t n)
{
	struct http_socket *socket = connection->socket;
	struct lws *wsi = connection->wsi;

	if (!socket || socket->closing)
		return 0;
	if (socket->incoming->len + n > connection->listener->server->max_body) {
		const char reason[] = "message too big";
		lws_close_reason(wsi, STATUS_TOO_BIG, (unsigned char *)reason, strlen(reason));
		return -1;
	}
	g_byte_array_append(socket->incoming, bytes, n);
	if (!lws_is_final_fragment(wsi) || lws_remaining_packet_payload(wsi) > 0)
		return 0;
	socket->events->receive(socket, socket->incoming->data, socket->incoming->len,
	    lws_frame_is_binary(wsi), socket->data);
	g_byte_array_set_size(socket->incoming, 0);
	return 0;
}

/* One piece of the first message; 1 when that message is done, -1 on failure. */
static int write_piece(struct http_socket *socket)
{
	struct message *message = socket->first;
	size_t n = MIN(message->n - message->offset, HTTP_CHUNK);
	bool start = message->offset == 0, end = message->offset + n == message->n;
	int flags =
	    lws_write_ws_flags(message->binary ? LWS_WRITE_BINARY : LWS_WRITE_TEXT, start, end);

	/* lws writes its header into what has been sent already. */
	if (lws_write(socket->connection->wsi, message->bytes + LWS_PRE + message->offset, n,
	        (enum lws_write_protocol)flags) < (int)n)
		return -1;
	message->offset += n;
	socket->queued -= n;
	if (!end)
		return 0;
	socket->first = message->next;
	if (!socket->first)
		socket->end = &socket->first;
	g_free(message);
	return 1;
}

int http_socket_writable(struct http_connection *connection)
{
	struct http_socket *socket = connection->socket;
	bool tell = false;

	if (!socket)
		return 0;
	for (unsigned i = 0; i < TURN_CHUNKS && socket->first; i++) {
		if (i > 0 && lws_send_pipe_choked(connection->wsi))
			break;
		int n = write_piece(socket);
		if (n < 0)
			return -1;
		tell = tell || n > 0;
	}
	if (socket->closing && !socket->first) {
		lws_close_reason(connection->wsi, (enum lws_close_status)socket->status,
		    (unsigned char *)socket->reason, strlen(socket->reason));
		return -1;
	}
	if (tell && !socket->closing && socket->queued < LOW_MARK && socket->events->writable)
		socket->events->writable(socket, socket->data);
	if (socket->first || socket->closing)
		lws_callback_on_writable(connection->wsi);
	return 0;
}

void http_socket_closed(struct http_connection *connection)
{
	struct http_socket *socket = g_steal_pointer(&connection->socket);

	socket->closing = true; /* a send from within `close` is dropped */
	socket->connection = NULL;
	socket->events->close(socket, socket->data);
	while (socket->first) {
		struct message *message = socket->first;
		socket->first = message->next;
		g_free(message);
	}
	g_byte_array_unref(socket->incoming);
	g_free(socket);
}

/* --- for the owner --- */

size_t http_socket_send(struct http_socket *socket, const void *bytes, size_t n, bool binary)
{
	if (socket->closing)
		return socket->queued;
	struct message *message = g_malloc(sizeof(*message) + LWS_PRE + n);
	message->next = NULL;
	message->n = n;
	message->offset = 0;
	message->binary = binary;
	if (n > 0)
		memcpy(message->bytes + LWS_PRE, bytes, n);
	*socket->end = message;
	socket->end = &message->next;
	socket->queued += n;
	if (socket->established)
		lws_callback_on_writable(socket->connection->wsi);
	return socket->queued;
}

size_t http_socket_queued(const struct http_socket *socket)
{
	return socket->queued;
}

void http_socket_pause(struct http_socket *socket, bool paused)
{
	if (!socket->established || !socket->connection)
		return;
	lws_rx_flow_control(socket->connection->wsi, !paused);
	if (!paused) /* what lws had read already waits for its idle pass */
		http_connection_kick(socket->connection);
}

void http_socket_close(struct http_socket *socket, unsigned status, const char *reason)
{
	if (socket->closing)
		return;
	socket->closing = true;
	socket->status = status ? status : STATUS_GOING_AWAY;
	if (reason)
		g_strlcpy(socket->reason, reason, sizeof(socket->reason));
	lws_rx_flow_control(socket->connection->wsi, 1);
	lws_set_timeout(socket->connection->wsi, PENDING_TIMEOUT_CLOSE_SEND, CLOSE_S);
	lws_callback_on_writable(socket->connection->wsi);
	http_connection_kick(socket->connection);
}

const struct http_peer *http_socket_peer(const struct http_socket *socket)
{
	return &socket->connection->peer;
}
