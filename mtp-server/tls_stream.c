/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/tls_stream.h"

#include <glib-unix.h>
#include <openssl/err.h>
#include <sys/socket.h>
#include <unistd.h>

#define CHUNK 16384    /* a TLS record */
#define READS_A_TURN 4 /* so that one peer does not starve the others */
#define LINGER_MS 1000 /* for the peer to take our last bytes */

struct tls_stream {
	struct stream stream;
	SSL *ssl;
	int socket;
	GSource *source;
	gpointer tag; /* of the socket in the source */
	guint linger;
	bool ready; /* the handshake is done */
	bool paused, failed, told;
	bool wants_write;  /* OpenSSL waits for room */
	bool blocked;      /* a write has been cut short */
	bool closing;      /* by our owner */
	bool busy, doomed; /* in dispatch; to be freed after it */
};

static struct tls_stream *self(struct stream *stream)
{
	return (struct tls_stream *)stream;
}

static void watch(struct tls_stream *s)
{
	GIOCondition condition = 0;
	if (!s->failed && (!s->paused || !s->ready || s->closing))
		condition |= G_IO_IN;
	if (!s->failed && (s->wants_write || s->blocked))
		condition |= G_IO_OUT;
	g_source_modify_unix_fd(s->source, s->tag, condition);
	/* What OpenSSL has read ahead does not make the socket readable. */
	g_source_set_ready_time(
	    s->source, s->ready && !s->paused && !s->closing && SSL_pending(s->ssl) ? 0 : -1);
}

static void fail(struct tls_stream *s)
{
	s->failed = true;
	if (s->told || s->closing)
		return;
	s->told = true;
	s->stream.events->closed(&s->stream, s->stream.data);
}

/* What OpenSSL wants next; fails the stream on anything but patience. */
static void after(struct tls_stream *s, int result)
{
	int error = SSL_get_error(s->ssl, result);
	s->wants_write = error == SSL_ERROR_WANT_WRITE;
	if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
		fail(s);
}

static void handshake(struct tls_stream *s)
{
	ERR_clear_error();
	int result = SSL_accept(s->ssl);
	if (result != 1) {
		after(s, result);
		return;
	}
	s->ready = true;
	s->wants_write = false;
}

static void read_some(struct tls_stream *s)
{
	uint8_t bytes[CHUNK];
	for (unsigned i = 0; i < READS_A_TURN; i++) {
		if (s->failed || s->paused || s->closing)
			return;
		ERR_clear_error();
		int n = SSL_read(s->ssl, bytes, sizeof bytes);
		if (n <= 0) {
			after(s, n);
			return;
		}
		s->stream.events->receive(&s->stream, bytes, (size_t)n, s->stream.data);
	}
}

static void free_now(struct tls_stream *s)
{
	g_source_destroy(s->source);
	g_source_unref(s->source);
	if (s->linger)
		g_source_remove(s->linger);
	SSL_free(s->ssl);
	close(s->socket);
	g_free(s->stream.address);
	g_free(s);
}

static void free_soon(struct tls_stream *s)
{
	if (s->busy)
		s->doomed = true;
	else
		free_now(s);
}

/* After the end of our side: the peer's last bytes are thrown away, because closing a socket that
 * has unread ones would reset the connection and with it what the peer has not read yet. */
static void drain(struct tls_stream *s)
{
	uint8_t bytes[CHUNK];
	ssize_t n = recv(s->socket, bytes, sizeof bytes, MSG_DONTWAIT);
	if (n == 0 || (n < 0 && errno != EAGAIN && errno != EINTR))
		free_soon(s);
}

static gboolean on_ready(GSource *source, GSourceFunc callback, gpointer data)
{
	(void)source, (void)callback;
	struct tls_stream *s = data;
	s->busy = true;
	GIOCondition condition = g_source_query_unix_fd(s->source, s->tag);
	if (s->closing) {
		drain(s);
	} else if (!s->ready) {
		handshake(s);
	} else {
		if (s->blocked && (condition & (G_IO_OUT | G_IO_ERR | G_IO_HUP))) {
			s->blocked = false;
			s->stream.events->writable(&s->stream, s->stream.data);
		}
		read_some(s);
	}
	if (!s->closing && s->paused && (condition & (G_IO_ERR | G_IO_HUP)))
		fail(s);
	s->busy = false;
	if (s->doomed) {
		free_now(s);
		return G_SOURCE_REMOVE;
	}
	watch(s);
	return G_SOURCE_CONTINUE;
}

static gboolean source_dispatch(GSource *source, GSourceFunc callback, gpointer data)
{
	return on_ready(source, callback, data);
}

static size_t tls_write(struct stream *stream, const void *bytes, size_t n)
{
	struct tls_stream *s = self(stream);
	size_t done = 0;
	while (s->ready && !s->failed && !s->closing && done < n) {
		ERR_clear_error();
		int written =
		    SSL_write(s->ssl, (const char *)bytes + done, (int)MIN(n - done, CHUNK));
		if (written <= 0) {
			int error = SSL_get_error(s->ssl, written);
			s->blocked = true;
			/* Told from the main loop, not from inside the caller's call. */
			if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
				shutdown(s->socket, SHUT_RDWR);
			break;
		}
		done += (size_t)written;
	}
	if (!s->busy)
		watch(s);
	return done;
}

static void tls_pause(struct stream *stream, bool paused)
{
	struct tls_stream *s = self(stream);
	s->paused = paused;
	if (!s->busy)
		watch(s);
}

static gboolean on_linger(gpointer data)
{
	struct tls_stream *s = data;
	s->linger = 0;
	free_now(s);
	return G_SOURCE_REMOVE;
}

static void tls_close(struct stream *stream)
{
	struct tls_stream *s = self(stream);
	if (s->closing)
		return;
	s->closing = true;
	if (!s->ready || s->failed) {
		free_soon(s);
		return;
	}
	ERR_clear_error();
	SSL_shutdown(s->ssl);
	shutdown(s->socket, SHUT_WR);
	s->linger = g_timeout_add(LINGER_MS, on_linger, s);
	s->blocked = s->wants_write = false;
	if (!s->busy)
		watch(s);
}

struct stream *tls_stream_new(SSL_CTX *context, int socket, const char *address)
{
	static const struct stream_class class = {
	    .write = tls_write, .pause = tls_pause, .close = tls_close};
	static GSourceFuncs functions = {.dispatch = source_dispatch};
	struct tls_stream *s = g_new0(struct tls_stream, 1);
	s->stream.class = &class;
	s->stream.address = g_strdup(address);
	s->socket = socket;
	s->ssl = SSL_new(context);
	if (!s->ssl || SSL_set_fd(s->ssl, socket) != 1)
		g_error("no memory for TLS");
	s->source = g_source_new(&functions, sizeof(GSource));
	g_source_set_callback(s->source, NULL, s, NULL);
	s->tag = g_source_add_unix_fd(s->source, socket, G_IO_IN);
	g_source_attach(s->source, NULL);
	return &s->stream;
}
