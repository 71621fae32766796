/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-client/sdl/connection.h"

#include <arpa/inet.h>
#include <gio/gio.h>
#include <glib-unix.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>

#include "common/error.h"

#define MTP_ALPN "mtp/1"
#define CONNECT_S 15 /* TCP, TLS and WELCOME together */
#define PING_S 15
#define SILENCE_US                                                                                 \
	(10 * G_USEC_PER_SEC) /* a host answers a PING; a stream that is picked up again costs     \
	                        little */
#define PROBE_MS 700
#define READ_SIZE 65536
#define READS_AT_ONCE 16 /* then the user and the others get their turn */

struct connection {
	char *host;
	uint16_t port;
	char *ca_file;
	struct mtp_session *session;
	void (*received)(void *data);
	void (*closed)(const GError *error, void *data);
	void *data;

	GCancellable *cancellable;
	GSocketConnection *stream; /* owns the descriptor */
	SSL_CTX *context;
	SSL *ssl;
	bool secure; /* the handshake is done */
	bool ended;  /* closed() is called or will be */
	guint watch; /* of the descriptor */
	GIOCondition watching;
	guint timer;
	int64_t begun_us, heard_us, pinged_us;
	int64_t asked_us; /* the first PING since something was heard; 0: none */
	guint probe;
};

static void pump(struct connection *connection);

static void stop(struct connection *connection)
{
	connection->ended = true;
	g_cancellable_cancel(connection->cancellable);
	g_clear_handle_id(&connection->watch, g_source_remove);
	g_clear_handle_id(&connection->timer, g_source_remove);
	g_clear_handle_id(&connection->probe, g_source_remove);
}

static void end(struct connection *connection, enum qvmi_error_code code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);

static void end(struct connection *connection, enum qvmi_error_code code, const char *format, ...)
{
	g_autoptr(GError) error = NULL;
	va_list arguments;

	if (connection->ended)
		return;
	stop(connection);
	va_start(arguments, format);
	error = g_error_new_valist(QVMI_ERROR, (gint)code, format, arguments);
	va_end(arguments);
	connection->closed(error, connection->data);
}

/* The session's own end, in words that say what to do. */
static void end_by_session(struct connection *connection)
{
	const char *reason = mtp_session_reason(connection->session);

	switch (mtp_session_code(connection->session)) {
	case MTP_BYE_NORMAL:
		end(connection, QVMI_ERROR_CANCELLED, "the connection was ended: %s", reason);
		break;
	case MTP_BYE_VERSION:
		end(connection, QVMI_ERROR_INVALID,
		    "%s speaks another version of MTP than this client (%s): bring both to the "
		    "same release",
		    connection->host, reason);
		break;
	case MTP_BYE_GRANT:
		end(connection, QVMI_ERROR_UNAUTHENTICATED, "%s refused the grant: %s",
		    connection->host, reason);
		break;
	case MTP_BYE_PROTOCOL:
		end(connection, QVMI_ERROR_INVALID,
		    "client and %s do not understand each other: %s", connection->host, reason);
		break;
	case MTP_BYE_PHONE_GONE:
		end(connection, QVMI_ERROR_NOT_FOUND, "the phone is gone: %s", reason);
		break;
	case MTP_BYE_ENDED:
		end(connection, QVMI_ERROR_DENIED, "the session was ended from outside: %s",
		    reason);
		break;
	default:
		end(connection, QVMI_ERROR_UNAVAILABLE, "%s ended the connection: %s",
		    connection->host, reason);
		break;
	}
}

static void end_by_tls(struct connection *connection, const char *doing)
{
	long verified = SSL_get_verify_result(connection->ssl);
	unsigned long code = ERR_peek_last_error();

	if (verified != X509_V_OK) {
		end(connection, QVMI_ERROR_DENIED, "the certificate of %s is not trusted (%s): %s",
		    connection->host, X509_verify_cert_error_string(verified),
		    connection->ca_file
		        ? "it was not issued, or not for this name, by the authority in --ca-file"
		        : "give the authority's certificate with --ca-file");
		return;
	}
	if (code && ERR_GET_REASON(code) != SSL_R_UNEXPECTED_EOF_WHILE_READING) {
		const char *reason = ERR_reason_error_string(code);

		end(connection, QVMI_ERROR_UNAVAILABLE, "cannot %s %s port %u: %s", doing,
		    connection->host, connection->port, reason ? reason : "TLS failed");
		return;
	}
	end(connection, QVMI_ERROR_UNAVAILABLE, "%s port %u has closed the connection",
	    connection->host, connection->port);
}

/* True: the operation may go on at once. False: wait (the watch is set), or it is over. */
static bool settle(
    struct connection *connection, int result, GIOCondition *wanted, const char *doing)
{
	switch (SSL_get_error(connection->ssl, result)) {
	case SSL_ERROR_NONE:
		return true;
	case SSL_ERROR_WANT_READ:
		return false; /* always watched for */
	case SSL_ERROR_WANT_WRITE:
		*wanted |= G_IO_OUT;
		return false;
	default:
		end_by_tls(connection, doing);
		return false;
	}
}

static void send_output(struct connection *connection, GIOCondition *wanted)
{
	while (!connection->ended) {
		size_t n, sent = 0;
		const uint8_t *bytes = mtp_session_output(connection->session, &n);

		if (n == 0)
			return;
		ERR_clear_error();
		int result = SSL_write_ex(connection->ssl, bytes, n, &sent);

		if (!settle(connection, result, wanted, "write to"))
			return;
		mtp_session_output_sent(connection->session, sent);
	}
}

static void receive(struct connection *connection, GIOCondition *wanted)
{
	uint8_t bytes[READ_SIZE];

	for (unsigned i = 0; i < READS_AT_ONCE && !connection->ended; i++) {
		size_t n = 0;

		ERR_clear_error();
		int result = SSL_read_ex(connection->ssl, bytes, sizeof(bytes), &n);

		if (!settle(connection, result, wanted, "read from"))
			return;
		connection->heard_us = g_get_monotonic_time();
		connection->asked_us = 0;
		bool alive = mtp_session_feed(connection->session, bytes, n);

		send_output(connection, wanted); /* acknowledgements, or why we leave */
		if (connection->ended)
			return;
		if (!alive) {
			end_by_session(connection);
			return;
		}
		connection->received(connection->data);
	}
	/* TLS may hold more that the descriptor will not tell of. */
	if (!connection->ended && SSL_pending(connection->ssl) > 0)
		*wanted |= G_IO_OUT;
}

static bool shake_hands(struct connection *connection, GIOCondition *wanted)
{
	ERR_clear_error();
	int result = SSL_connect(connection->ssl);
	const unsigned char *protocol = NULL;
	unsigned n = 0;

	if (!settle(connection, result, wanted, "speak TLS with"))
		return false;
	SSL_get0_alpn_selected(connection->ssl, &protocol, &n);
	if (n != strlen(MTP_ALPN) || memcmp(protocol, MTP_ALPN, n)) {
		end(connection, QVMI_ERROR_INVALID,
		    "what answers at %s port %u is not a host of phones, or speaks another "
		    "version of MTP",
		    connection->host, connection->port);
		return false;
	}
	connection->secure = true;
	return true;
}

static gboolean on_ready(gint fd, GIOCondition condition, gpointer data)
{
	struct connection *connection = data;

	(void)fd;
	(void)condition;
	connection->watch = 0;
	pump(connection);
	return G_SOURCE_REMOVE;
}

static void watch(struct connection *connection, GIOCondition wanted)
{
	int fd = g_socket_get_fd(g_socket_connection_get_socket(connection->stream));

	if (connection->watch && connection->watching == wanted)
		return;
	g_clear_handle_id(&connection->watch, g_source_remove);
	connection->watching = wanted;
	connection->watch = g_unix_fd_add(fd, wanted | G_IO_HUP | G_IO_ERR, on_ready, connection);
}

static void pump(struct connection *connection)
{
	GIOCondition wanted = G_IO_IN;

	if (!connection->secure && !shake_hands(connection, &wanted)) {
		if (!connection->ended)
			watch(connection, wanted);
		return;
	}
	receive(connection, &wanted);
	send_output(connection, &wanted);
	if (!connection->ended)
		watch(connection, wanted);
}

void connection_flush(struct connection *connection)
{
	GIOCondition wanted = G_IO_IN;

	if (!connection->secure || connection->ended)
		return;
	send_output(connection, &wanted);
	if (!connection->ended && wanted != G_IO_IN)
		watch(connection, wanted);
}

static void ping(struct connection *connection, int64_t now)
{
	connection->pinged_us = now;
	if (!connection->asked_us)
		connection->asked_us = now;
	mtp_session_ping(connection->session, (uint64_t)now);
	connection_flush(connection);
}

static gboolean on_probed(gpointer data)
{
	struct connection *connection = data;

	connection->probe = 0;
	if (connection->asked_us)
		end(connection, QVMI_ERROR_UNAVAILABLE, "%s has gone silent", connection->host);
	return G_SOURCE_REMOVE;
}

void connection_probe(struct connection *connection)
{
	if (connection->ended || connection->probe ||
	    mtp_session_state(connection->session) != MTP_SESSION_LIVE)
		return;
	ping(connection, g_get_monotonic_time());
	if (!connection->ended)
		connection->probe = g_timeout_add(PROBE_MS, on_probed, connection);
}

static gboolean on_second(gpointer data)
{
	struct connection *connection = data;
	int64_t now = g_get_monotonic_time();

	if (mtp_session_state(connection->session) != MTP_SESSION_LIVE) {
		if (now - connection->begun_us > CONNECT_S * G_USEC_PER_SEC)
			end(connection, QVMI_ERROR_UNAVAILABLE,
			    "%s port %u does not answer: is a firewall between?", connection->host,
			    connection->port);
		return connection->ended ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
	}
	if (connection->asked_us && now - connection->asked_us > SILENCE_US) {
		end(connection, QVMI_ERROR_UNAVAILABLE, "%s has gone silent", connection->host);
		return G_SOURCE_REMOVE;
	}
	if (now - connection->pinged_us >= PING_S * G_USEC_PER_SEC)
		ping(connection, now);
	return connection->ended ? G_SOURCE_REMOVE : G_SOURCE_CONTINUE;
}

static void on_connected(GObject *client, GAsyncResult *result, gpointer data)
{
	g_autoptr(GError) error = NULL;
	GSocketConnection *stream =
	    g_socket_client_connect_finish(G_SOCKET_CLIENT(client), result, &error);

	if (g_error_matches(error, G_IO_ERROR, G_IO_ERROR_CANCELLED))
		return; /* freed meanwhile */

	struct connection *connection = data;

	if (!stream) {
		end(connection, QVMI_ERROR_UNAVAILABLE, "cannot reach %s port %u: %s",
		    connection->host, connection->port, error->message);
		return;
	}
	connection->stream = stream;
	GSocket *socket = g_socket_connection_get_socket(stream);

	g_socket_set_blocking(socket, FALSE);
	g_socket_set_option(socket, IPPROTO_TCP, 1 /* TCP_NODELAY */, 1, NULL);
	SSL_set_fd(connection->ssl, g_socket_get_fd(socket));
	pump(connection);
}

static bool prepare_tls(struct connection *connection, GError **error)
{
	static const unsigned char alpn[] = "\x05" MTP_ALPN;
	struct in6_addr address;
	bool numeric = inet_pton(AF_INET, connection->host, &address) == 1 ||
	               inet_pton(AF_INET6, connection->host, &address) == 1;

	connection->context = SSL_CTX_new(TLS_client_method());
	if (!connection->context ||
	    !SSL_CTX_set_min_proto_version(connection->context, TLS1_3_VERSION)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "OpenSSL has no TLS 1.3");
		return false;
	}
	SSL_CTX_set_verify(connection->context, SSL_VERIFY_PEER, NULL);
	if (connection->ca_file
	        ? !SSL_CTX_load_verify_file(connection->context, connection->ca_file)
	        : !SSL_CTX_set_default_verify_paths(connection->context)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "cannot read a certificate authority from %s",
		    connection->ca_file ? connection->ca_file : "the system's store");
		return false;
	}
	SSL_CTX_set_alpn_protos(connection->context, alpn, sizeof(alpn) - 1);
	/* What is in the output moves when more is queued behind it. */
	SSL_CTX_set_mode(connection->context,
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_ENABLE_PARTIAL_WRITE);
	connection->ssl = SSL_new(connection->context);
	if (!connection->ssl ||
	    !(numeric ? X509_VERIFY_PARAM_set1_ip_asc(
	                    SSL_get0_param(connection->ssl), connection->host)
	              : SSL_set1_host(connection->ssl, connection->host) &&
	                    SSL_set_tlsext_host_name(connection->ssl, connection->host))) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "'%s' is not a host's name",
		    connection->host);
		return false;
	}
	return true;
}

struct connection *connection_new(const struct connection_options *options, GError **error)
{
	AUTO(connection) connection = g_new0(struct connection, 1);

	connection->host = g_strdup(options->host);
	connection->port = options->port;
	connection->ca_file = g_strdup(options->ca_file);
	connection->session = options->session;
	connection->received = options->received;
	connection->closed = options->closed;
	connection->data = options->data;
	connection->cancellable = g_cancellable_new();
	connection->begun_us = connection->heard_us = connection->pinged_us =
	    g_get_monotonic_time();
	if (!prepare_tls(connection, error))
		return NULL;

	g_autoptr(GSocketClient) client = g_socket_client_new();
	g_autoptr(GSocketConnectable) address =
	    g_network_address_new(connection->host, connection->port);

	g_socket_client_set_enable_proxy(client, FALSE);
	g_socket_client_connect_async(
	    client, address, connection->cancellable, on_connected, connection);
	connection->timer = g_timeout_add_seconds(1, on_second, connection);
	return g_steal_pointer(&connection);
}

void connection_free(struct connection *connection)
{
	if (!connection)
		return;
	stop(connection);
	if (connection->secure)
		SSL_shutdown(connection->ssl); /* once: we do not wait for the answer */
	SSL_free(connection->ssl);
	SSL_CTX_free(connection->context);
	g_clear_object(&connection->stream);
	g_object_unref(connection->cancellable);
	g_free(connection->host);
	g_free(connection->ca_file);
	g_free(connection);
}
