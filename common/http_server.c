/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/http_private.h"

#include <errno.h>
#include <glib-unix.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "common/log.h"
#include "common/unix_socket.h"

#define ACCEPTS_A_TURN 32
#define MAX_BODY_DEFAULT (1024 * 1024)

static void log_line(int level, const char *line)
{
	g_autofree char *text = g_strchomp(g_strdup(line));
	g_log(NULL, level & LLL_ERR ? G_LOG_LEVEL_INFO : G_LOG_LEVEL_DEBUG, "lws: %s", text);
}

/* lws looks a subprotocol up by name, so each one that a route wants needs an entry. */
static struct lws_protocols *make_protocols(const struct http_route *routes)
{
	GArray *protocols = g_array_new(TRUE, TRUE, sizeof(struct lws_protocols));
	struct lws_protocols http = {.name = "http", .callback = http_connection_callback};

	g_array_append_val(protocols, http);
	for (; routes->method; routes++) {
		struct lws_protocols protocol = {.callback = http_connection_callback};
		bool known = false;
		if (!routes->socket || !routes->socket->subprotocol)
			continue;
		protocol.name = routes->socket->subprotocol;
		for (unsigned i = 0; i < protocols->len; i++)
			known = known ||
			        g_str_equal(g_array_index(protocols, struct lws_protocols, i).name,
			            protocol.name);
		if (!known)
			g_array_append_val(protocols, protocol);
	}
	return (struct lws_protocols *)g_array_free(protocols, FALSE);
}

void http_server_set_guard(struct http_server *server, http_guard guard)
{
	server->guard = guard;
}

void http_server_set_observer(struct http_server *server, http_observer observer)
{
	server->observer = observer;
}

struct http_server *http_server_new(const struct http_route *routes, void *data)
{
	struct http_server *server = g_new0(struct http_server, 1);

	lws_set_log_level(LLL_ERR | LLL_WARN, log_line);
	server->routes = routes;
	server->data = data;
	server->listeners = g_ptr_array_new();
	server->orphans = g_ptr_array_new();
	server->protocols = make_protocols(routes);
	server->loop = g_main_loop_new(NULL, FALSE);
	server->max_body = MAX_BODY_DEFAULT;
	return server;
}

static void listener_free(struct http_listener *listener)
{
	if (listener->accept_source)
		g_source_remove(listener->accept_source);
	if (listener->fd >= 0)
		close(listener->fd);
	if (listener->unix_path)
		unlink(listener->unix_path);
	if (listener->context)
		lws_context_destroy(listener->context); /* ends the connections */
	SSL_CTX_free(listener->client_tls);
	while (listener->connections->len > 0)
		http_connection_free(g_ptr_array_index(listener->connections, 0));
	while (listener->lingering->len > 0)
		http_linger_end(g_ptr_array_index(listener->lingering, 0));
	g_ptr_array_unref(listener->connections);
	g_ptr_array_unref(listener->lingering);
	g_free(listener->unix_path);
	g_free(listener->address);
	g_free(listener);
}

void http_server_free(struct http_server *server)
{
	if (!server)
		return;
	for (unsigned i = 0; i < server->listeners->len; i++)
		listener_free(g_ptr_array_index(server->listeners, i));
	g_ptr_array_unref(server->listeners);
	/* Answered later, to nobody. */
	for (unsigned i = 0; i < server->orphans->len; i++)
		((struct http_request *)g_ptr_array_index(server->orphans, i))->server = NULL;
	g_ptr_array_unref(server->orphans);
	g_main_loop_unref(server->loop);
	g_free(server->protocols);
	g_free(server->folder);
	g_free(server->content_security_policy);
	g_free(server);
}

/* --- accepting --- */

static void peer_of(const struct http_listener *listener, int fd, struct http_peer *peer)
{
	struct sockaddr_storage address;
	socklen_t n = sizeof(address);
	uid_t uid = (uid_t)-1;

	*peer = (struct http_peer){.kind = listener->kind};
	if (listener->kind == HTTP_PEER_UNIX) {
		unix_socket_peer(fd, &uid, NULL, NULL);
		peer->uid = uid;
		peer->address = g_strdup("");
		return;
	}
	if (getpeername(fd, (struct sockaddr *)&address, &n) == 0) {
		g_autoptr(GSocketAddress) native = g_socket_address_new_from_native(&address, n);
		if (G_IS_INET_SOCKET_ADDRESS(native))
			peer->address = g_inet_address_to_string(
			    g_inet_socket_address_get_address(G_INET_SOCKET_ADDRESS(native)));
	}
	if (!peer->address)
		peer->address = g_strdup("unknown");
}

static void adopt(struct http_listener *listener, int fd)
{
	struct http_connection *connection = g_new0(struct http_connection, 1);
	int on = 1;
	lws_adopt_desc_t description = {
	    .vh = listener->vhost,
	    .type = LWS_ADOPT_HTTP | LWS_ADOPT_SOCKET | LWS_ADOPT_ALLOW_SSL,
	    .fd.sockfd = fd,
	    .opaque = connection,
	};

	if (listener->kind != HTTP_PEER_UNIX) {
		setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
		setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	}
	connection->listener = listener;
	peer_of(listener, fd, &connection->peer);
	g_ptr_array_add(listener->connections, connection);
	struct lws *wsi = lws_adopt_descriptor_vhost_via_info(&description);
	if (wsi) {
		connection->wsi = wsi;
		http_connection_kick(connection);
		return;
	}
	/* Refused before it had a wsi that would have told of its end. */
	if (g_ptr_array_find(listener->connections, connection, NULL)) {
		http_connection_free(connection);
		close(fd);
	}
}

static gboolean on_connect(gint fd, GIOCondition condition, gpointer data);

static gboolean resume_accepting(gpointer data)
{
	struct http_listener *listener = data;
	listener->accept_source = g_unix_fd_add(listener->fd, G_IO_IN, on_connect, listener);
	return G_SOURCE_REMOVE;
}

static gboolean on_connect(gint fd, GIOCondition condition, gpointer data)
{
	struct http_listener *listener = data;
	(void)condition;

	for (unsigned i = 0; i < ACCEPTS_A_TURN; i++) {
		int peer = accept4(fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
		if (peer < 0 && (errno == EMFILE || errno == ENFILE || errno == ENOMEM)) {
			/* The connection stays in the queue: look again when some have ended. */
			g_warning("cannot accept a connection: %s", g_strerror(errno));
			listener->accept_source = g_timeout_add(250, resume_accepting, listener);
			return G_SOURCE_REMOVE;
		}
		if (peer < 0)
			break;
		if (listener->connections->len >= HTTP_CONNECTIONS_MAX)
			close(peer);
		else
			adopt(listener, peer);
	}
	return G_SOURCE_CONTINUE;
}

/* --- listening --- */

static int listen_tcp(
    struct http_listener *listener, const char *text, uint16_t port, GError **error)
{
	struct sockaddr_storage native;
	socklen_t n = sizeof(native);
	int on = 1;
	g_autoptr(GSocketAddress) address = g_inet_socket_address_new_from_string(text, port);

	if (!address || !g_socket_address_to_native(address, &native, sizeof(native), error)) {
		if (error && !*error)
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
			    "\"%s\" is not an IP address to listen on", text);
		return -1;
	}
	AUTO_FD fd = socket(native.ss_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&native, g_socket_address_get_native_size(address)) < 0 ||
	    listen(fd, 128) < 0 || getsockname(fd, (struct sockaddr *)&native, &n) < 0) {
		if (errno == EADDRINUSE)
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
			    "port %u on %s is taken by another program", port, text);
		else
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED,
			    "cannot listen on %s port %u: %s", text, port, g_strerror(errno));
		return -1;
	}
	listener->port =
	    ntohs(native.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&native)->sin6_port
	                                       : ((struct sockaddr_in *)&native)->sin_port);
	return fd_steal(&fd);
}

static bool is_loopback(const char *text)
{
	g_autoptr(GInetAddress) address = g_inet_address_new_from_string(text);
	return address && g_inet_address_get_is_loopback(address);
}

/* lws says in its log only that it did not work. */
static bool check_certificate(const struct http_listen *listen, GError **error)
{
	SSL_CTX *context = SSL_CTX_new(TLS_server_method());
	const char *file = listen->certificate_file;
	bool good = SSL_CTX_use_certificate_chain_file(context, file) == 1;

	if (good) {
		file = listen->key_file;
		good = file && SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM) == 1;
	}
	if (good && listen->client_ca_file) {
		file = listen->client_ca_file;
		good = SSL_CTX_load_verify_file(context, file) == 1;
	}
	if (!good)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "cannot use %s for TLS: %s",
		    file ? file : "a certificate without a key file",
		    ERR_reason_error_string(ERR_peek_last_error()));
	ERR_clear_error();
	SSL_CTX_free(context);
	return good;
}

static bool make_context(
    struct http_listener *listener, const struct http_listen *listen, GError **error)
{
	void *loops[1] = {listener->server->loop};
	struct rlimit files = {0};
	struct lws_context_creation_info info = {
	    .port = CONTEXT_PORT_NO_LISTEN_SERVER,
	    .protocols = listener->server->protocols,
	    .options = LWS_SERVER_OPTION_GLIB | LWS_SERVER_OPTION_EXPLICIT_VHOSTS,
	    .foreign_loops = loops,
	    .gid = (gid_t)-1,
	    .uid = (uid_t)-1,
	    .max_http_header_data = HTTP_HEADER_MAX,
	    .timeout_secs = HTTP_ARRIVAL_S,
	    .keepalive_timeout = HTTP_KEEP_ALIVE_S,
	    .alpn = "http/1.1",
	    .user = listener,
	};

	/* lws keeps tables as long as the limit of open files; with millions they get large. */
	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur > 65536)
		info.fd_limit_per_thread = HTTP_CONNECTIONS_MAX + 64;
	if (listen->certificate_file) {
		info.options |= LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
		info.provided_client_ssl_ctx = listener->client_tls =
		    SSL_CTX_new(TLS_client_method());
		info.ssl_cert_filepath = listen->certificate_file;
		info.ssl_private_key_filepath = listen->key_file;
		info.ssl_options_set =
		    SSL_OP_NO_SSLv3 | SSL_OP_NO_TLSv1 | SSL_OP_NO_TLSv1_1 | SSL_OP_NO_TLSv1_2;
	}
	if (listen->client_ca_file) {
		info.options |= LWS_SERVER_OPTION_REQUIRE_VALID_OPENSSL_CLIENT_CERT;
		info.ssl_ca_filepath = listen->client_ca_file;
	}
	listener->context = lws_create_context(&info);
	if (listener->context)
		listener->vhost = lws_create_vhost(listener->context, &info);
	if (!listener->vhost) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED,
		    "libwebsockets cannot be set up; is its GLib plug-in "
		    "(libwebsockets-evlib-glib) "
		    "installed? QVMI_LOG=debug shows what it says");
		return false;
	}
	return true;
}

bool http_server_listen(
    struct http_server *server, const struct http_listen *listen, GError **error)
{
	if (!listen->unix_path && !listen->certificate_file && !is_loopback(listen->address)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "plain HTTP on %s is refused: give a certificate, or a loopback address",
		    listen->address);
		return false;
	}
	if (listen->certificate_file && !check_certificate(listen, error))
		return false;

	struct http_listener *listener = g_new0(struct http_listener, 1);
	listener->server = server;
	listener->connections = g_ptr_array_new();
	listener->lingering = g_ptr_array_new();
	listener->kind = listen->unix_path          ? HTTP_PEER_UNIX
	                 : listen->client_ca_file   ? HTTP_PEER_MUTUAL_TLS
	                 : listen->certificate_file ? HTTP_PEER_TLS
	                                            : HTTP_PEER_PLAIN;
	listener->address = g_strdup(listen->address);
	if (listen->unix_path)
		listener->fd = unix_socket_listen(listen->unix_path, SOCK_STREAM | SOCK_NONBLOCK,
		    listen->unix_mode ? listen->unix_mode : 0600, error);
	else
		listener->fd = listen_tcp(listener, listen->address, listen->port, error);
	if (listener->fd >= 0)
		listener->unix_path = g_strdup(listen->unix_path);
	if (listener->fd < 0 || !make_context(listener, listen, error)) {
		listener_free(listener);
		return false;
	}
	resume_accepting(listener);
	g_ptr_array_add(server->listeners, listener);
	return true;
}

uint16_t http_server_port(const struct http_server *server, const char *address)
{
	for (unsigned i = 0; i < server->listeners->len; i++) {
		const struct http_listener *listener = g_ptr_array_index(server->listeners, i);
		if (g_strcmp0(listener->address, address) == 0)
			return listener->port;
	}
	return 0;
}

void http_server_set_ready(struct http_server *server, bool ready)
{
	server->ready = ready;
}

void http_server_set_max_body(struct http_server *server, size_t bytes)
{
	server->max_body = bytes;
}

void http_server_serve_folder(
    struct http_server *server, const char *folder, const char *content_security_policy)
{
	g_free(server->folder);
	g_free(server->content_security_policy);
	server->folder = g_strdup(folder);
	server->content_security_policy = g_strdup(content_security_policy);
}
