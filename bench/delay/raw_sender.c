/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/delay/raw_sender.h"

#include <gio/gio.h>
#include <string.h>

struct raw_sender {
	const void *pixels;
	size_t size;
	uint8_t *received;
	GSocketConnection *from, *to;
	GAsyncQueue *frames; /* what is to be sent: the pixels; the sender itself: no more */
	GThread *thread;
};

static gpointer run(gpointer data)
{
	struct raw_sender *s = data;
	GOutputStream *out = g_io_stream_get_output_stream(G_IO_STREAM(s->from));
	const void *frame;
	while ((frame = g_async_queue_pop(s->frames)) != s)
		if (!g_output_stream_write_all(out, frame, s->size, NULL, NULL, NULL))
			break;
	return NULL;
}

static bool connect_pair(struct raw_sender *s, GError **error)
{
	g_autoptr(GSocketListener) listener = g_socket_listener_new();
	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GInetAddress) loopback = g_inet_address_new_loopback(G_SOCKET_FAMILY_IPV4);
	g_autoptr(GSocketAddress) any = g_inet_socket_address_new(loopback, 0);
	g_autoptr(GSocketAddress) at = NULL;
	if (!g_socket_listener_add_address(
	        listener, any, G_SOCKET_TYPE_STREAM, G_SOCKET_PROTOCOL_TCP, NULL, &at, error))
		return false;
	s->from = g_socket_client_connect(client, G_SOCKET_CONNECTABLE(at), NULL, error);
	s->to = s->from ? g_socket_listener_accept(listener, NULL, NULL, error) : NULL;
	return s->to != NULL;
}

struct raw_sender *raw_sender_new(const void *pixels, size_t size, GError **error)
{
	AUTO(raw_sender) s = g_new0(struct raw_sender, 1);
	s->pixels = pixels;
	s->size = size;
	s->received = g_malloc(size);
	s->frames = g_async_queue_new();
	if (!connect_pair(s, error))
		return NULL;
	s->thread = g_thread_new("raw", run, s);
	return g_steal_pointer(&s);
}

void raw_sender_free(struct raw_sender *s)
{
	if (!s)
		return;
	if (s->thread) {
		g_async_queue_push(s->frames, s);
		g_thread_join(s->thread);
	}
	g_clear_object(&s->from);
	g_clear_object(&s->to);
	g_async_queue_unref(s->frames);
	g_free(s->received);
	g_free(s);
}

const uint32_t *raw_sender_frame(struct raw_sender *s)
{
	GInputStream *in = g_io_stream_get_input_stream(G_IO_STREAM(s->to));
	gsize n;
	g_async_queue_push(s->frames, (gpointer)(uintptr_t)s->pixels);
	bool good = g_input_stream_read_all(in, s->received, s->size, &n, NULL, NULL);
	return good && n == s->size ? (const uint32_t *)(const void *)s->received : NULL;
}
