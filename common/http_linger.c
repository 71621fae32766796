/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The end of a connection whose request was refused before all of it had come. Closing a socket
 * with unread bytes in it sends a reset, and that takes away the answer from a client that still
 * sends (RFC 9112 section 9.6). So the socket stays half open behind lws' back, which closes its
 * own descriptor only, and what still comes is read and thrown away: for so long, so much, and for
 * so many at a time.
 */
#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/http_private.h"

#define LINGER_S 2
#define LINGER_BYTES (8u << 20)
#define LINGERING_MAX 64

struct lingering {
	struct http_listener *listener;
	int fd;
	guint readable, timer;
	size_t left;
};

void http_linger_end(struct lingering *lingering)
{
	g_ptr_array_remove_fast(lingering->listener->lingering, lingering);
	if (lingering->readable)
		g_source_remove(lingering->readable);
	g_source_remove(lingering->timer);
	close(lingering->fd);
	g_free(lingering);
}

static gboolean on_time_out(gpointer data)
{
	http_linger_end(data);
	return G_SOURCE_CONTINUE; /* is gone */
}

static gboolean on_rest(gint fd, GIOCondition condition, gpointer data)
{
	struct lingering *lingering = data;
	char rest[16384];
	(void)condition;

	ssize_t n = recv(fd, rest, sizeof(rest), MSG_DONTWAIT);
	if (n > 0 && (size_t)n < lingering->left) {
		lingering->left -= (size_t)n;
		return G_SOURCE_CONTINUE;
	}
	if (n < 0 && errno == EAGAIN)
		return G_SOURCE_CONTINUE;
	http_linger_end(lingering);
	return G_SOURCE_CONTINUE;
}

/* By now lws has said its TLS good-bye and closed. */
static gboolean on_closed(gpointer data)
{
	struct lingering *lingering = data;

	shutdown(lingering->fd, SHUT_WR);
	lingering->readable = g_unix_fd_add(lingering->fd, G_IO_IN, on_rest, lingering);
	return G_SOURCE_REMOVE;
}

void http_linger(struct http_connection *connection)
{
	struct http_listener *listener = connection->listener;

	if (listener->lingering->len >= LINGERING_MAX)
		return;
	int fd = fcntl(lws_get_socket_fd(connection->wsi), F_DUPFD_CLOEXEC, 0);
	if (fd < 0)
		return;
	struct lingering *lingering = g_new0(struct lingering, 1);
	lingering->listener = listener;
	lingering->fd = fd;
	lingering->left = LINGER_BYTES;
	lingering->timer = g_timeout_add_seconds(LINGER_S, on_time_out, lingering);
	lingering->readable = g_idle_add(on_closed, lingering);
	g_ptr_array_add(listener->lingering, lingering);
}
