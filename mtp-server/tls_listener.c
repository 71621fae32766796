/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/tls_listener.h"

#include <errno.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "mtp-server/tls_stream.h"

#define BACKLOG 128
#define SILENCE_MS                                                                                 \
	60000 /* bytes that the network does not confirm for so long end a connection              \
	       */

struct tls_listener {
	SSL_CTX *context;
	int socket;
	guint watch, pause;
	uint16_t port;
	tls_accepted accepted;
	void *data;
};

static const unsigned char alpn[] = "\5mtp/1";

/* RFC 7301: a client that offers other protocols only is refused; one that offers none is not. */
static int choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *n,
    const unsigned char *in, unsigned int in_size, void *data)
{
	(void)ssl, (void)data;
	return SSL_select_next_proto((unsigned char **)(uintptr_t)out, n, alpn, sizeof alpn - 1, in,
	           in_size) == OPENSSL_NPN_NEGOTIATED
	           ? SSL_TLSEXT_ERR_OK
	           : SSL_TLSEXT_ERR_ALERT_FATAL;
}

static bool fail_tls(GError **error, const char *what, const char *file)
{
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "%s %s cannot be used: %s", what, file,
	    ERR_reason_error_string(ERR_peek_last_error()));
	return false;
}

static bool set_up_tls(
    struct tls_listener *l, const char *certificate, const char *key, GError **error)
{
	l->context = SSL_CTX_new(TLS_server_method());
	if (!l->context)
		g_error("no memory for TLS");
	SSL_CTX_set_min_proto_version(l->context, TLS1_3_VERSION);
	SSL_CTX_set_mode(
	    l->context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_alpn_select_cb(l->context, choose_protocol, NULL);
	/* A grant is good for one stream, so there is nothing to resume. */
	SSL_CTX_set_num_tickets(l->context, 0);
	SSL_CTX_set_session_cache_mode(l->context, SSL_SESS_CACHE_OFF);
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(l->context, certificate) != 1)
		return fail_tls(error, "the certificate", certificate);
	if (SSL_CTX_use_PrivateKey_file(l->context, key, SSL_FILETYPE_PEM) != 1)
		return fail_tls(error, "the private key", key);
	return true;
}

static int open_socket(const char *address, uint16_t port, GError **error)
{
	g_autoptr(GSocketAddress) at = g_inet_socket_address_new_from_string(address, port);
	struct sockaddr_storage native;
	if (!at || !g_socket_address_to_native(at, &native, sizeof native, error)) {
		g_clear_error(error);
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "'%s' is no IP address to listen on", address);
		return -1;
	}
	int fd = socket(native.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	int on = 1;
	if (fd >= 0 && setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) == 0 &&
	    bind(fd, (struct sockaddr *)&native, (socklen_t)g_socket_address_get_native_size(at)) ==
	        0 &&
	    listen(fd, BACKLOG) == 0)
		return fd;
	bool taken = errno == EADDRINUSE;
	g_set_error(error, QVMI_ERROR, taken ? QVMI_ERROR_CONFLICT : QVMI_ERROR_FAILED,
	    "cannot listen on %s port %u (listen/port): %s%s", address, port, g_strerror(errno),
	    taken ? "; end what listens there, or choose another port" : "");
	if (fd >= 0)
		close(fd);
	return -1;
}

static char *textual(const struct sockaddr_storage *address, socklen_t size)
{
	g_autoptr(GSocketAddress) at =
	    g_socket_address_new_from_native((gpointer)(uintptr_t)address, size);
	if (!G_IS_INET_SOCKET_ADDRESS(at))
		return g_strdup("?");
	return g_inet_address_to_string(
	    g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(at)));
}

static void tune(int fd)
{
	int on = 1;
	unsigned silence = SILENCE_MS;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence, sizeof silence);
}

static gboolean on_connection(gint fd, GIOCondition condition, gpointer data);

static gboolean on_resume(gpointer data)
{
	struct tls_listener *l = data;
	l->pause = 0;
	l->watch = g_unix_fd_add(l->socket, G_IO_IN, on_connection, l);
	return G_SOURCE_REMOVE;
}

static gboolean on_connection(gint fd, GIOCondition condition, gpointer data)
{
	(void)condition;
	struct tls_listener *l = data;
	struct sockaddr_storage address;
	socklen_t size = sizeof address;
	int accepted =
	    accept4(fd, (struct sockaddr *)&address, &size, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (accepted >= 0) {
		tune(accepted);
		g_autofree char *text = textual(&address, size);
		l->accepted(tls_stream_new(l->context, accepted, text), l->data);
		return G_SOURCE_CONTINUE;
	}
	if (errno != EMFILE && errno != ENFILE && errno != ENOMEM && errno != ENOBUFS)
		return G_SOURCE_CONTINUE;
	/* The connection stays in the queue and would wake us for ever. */
	g_warning("cannot accept a connection: %s", g_strerror(errno));
	l->watch = 0;
	l->pause = g_timeout_add(200, on_resume, l);
	return G_SOURCE_REMOVE;
}

struct tls_listener *tls_listener_new(const char *address, uint16_t port, const char *certificate,
    const char *key, tls_accepted accepted, void *data, GError **error)
{
	struct tls_listener *l = g_new0(struct tls_listener, 1);
	l->socket = -1;
	l->accepted = accepted;
	l->data = data;
	if (!set_up_tls(l, certificate, key, error) ||
	    (l->socket = open_socket(address, port, error)) < 0) {
		tls_listener_free(l);
		return NULL;
	}
	struct sockaddr_storage bound;
	socklen_t size = sizeof bound;
	if (getsockname(l->socket, (struct sockaddr *)&bound, &size) == 0)
		l->port =
		    ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
		                                      : ((struct sockaddr_in *)&bound)->sin_port);
	l->watch = g_unix_fd_add(l->socket, G_IO_IN, on_connection, l);
	return l;
}

void tls_listener_free(struct tls_listener *l)
{
	if (!l)
		return;
	if (l->watch)
		g_source_remove(l->watch);
	if (l->pause)
		g_source_remove(l->pause);
	if (l->socket >= 0)
		close(l->socket);
	SSL_CTX_free(l->context);
	g_free(l);
}

uint16_t tls_listener_port(const struct tls_listener *l)
{
	return l->port;
}
