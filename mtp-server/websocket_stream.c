/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/websocket_stream.h"

#define QUEUE_MAX (256u << 10) /* bytes that may wait in the socket */
#define MESSAGE_MAX (32u << 10)
#define STATUS_NORMAL 1000
#define STATUS_UNSUPPORTED 1003 /* RFC 6455, section 7.4.1: text where binary is wanted */

struct websocket_stream {
	struct stream stream;
	struct http_socket *socket; /* NULL: it has closed */
	bool released;              /* by the owner */
};

static struct websocket_stream *self(struct stream *stream)
{
	return (struct websocket_stream *)stream;
}

static void free_if_done(struct websocket_stream *s)
{
	if (s->socket || !s->released)
		return;
	g_free(s->stream.address);
	g_free(s);
}

static size_t websocket_write(struct stream *stream, const void *bytes, size_t n)
{
	struct websocket_stream *s = self(stream);
	size_t done = 0;
	while (s->socket && done < n && http_socket_queued(s->socket) < QUEUE_MAX) {
		size_t part = MIN(n - done, MESSAGE_MAX);
		http_socket_send(s->socket, (const char *)bytes + done, part, true);
		done += part;
	}
	return done;
}

static void websocket_pause(struct stream *stream, bool paused)
{
	if (self(stream)->socket)
		http_socket_pause(self(stream)->socket, paused);
}

static void websocket_close(struct stream *stream)
{
	struct websocket_stream *s = self(stream);
	s->released = true;
	if (s->socket)
		http_socket_close(s->socket, STATUS_NORMAL, "");
	free_if_done(s);
}

struct stream *websocket_stream_new(struct http_socket *socket)
{
	static const struct stream_class class = {
	    .write = websocket_write, .pause = websocket_pause, .close = websocket_close};
	struct websocket_stream *s = g_new0(struct websocket_stream, 1);
	s->stream.class = &class;
	s->stream.address = g_strdup(http_socket_peer(socket)->address);
	s->socket = socket;
	return &s->stream;
}

void websocket_stream_receive(
    struct http_socket *socket, const void *bytes, size_t n, bool binary, void *stream)
{
	struct websocket_stream *s = stream;
	if (s->released)
		return;
	if (binary)
		s->stream.events->receive(&s->stream, bytes, n, s->stream.data);
	else
		http_socket_close(socket, STATUS_UNSUPPORTED, "MTP is binary");
}

void websocket_stream_writable(struct http_socket *socket, void *stream)
{
	(void)socket;
	struct websocket_stream *s = stream;
	if (!s->released)
		s->stream.events->writable(&s->stream, s->stream.data);
}

void websocket_stream_close(struct http_socket *socket, void *stream)
{
	(void)socket;
	struct websocket_stream *s = stream;
	s->socket = NULL;
	if (!s->released)
		s->stream.events->closed(&s->stream, s->stream.data);
	else
		free_if_done(s);
}
