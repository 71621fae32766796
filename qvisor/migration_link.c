/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/migration_link.h"

#include <errno.h>
#include <gio/gio.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"

#define BUFFER_SIZE 65536 /* small writes wait for company: records of 16 KiB */

struct migration_link {
	SSL *ssl;
	int fd;
	char *peer;
	bool failed, ended;
	uint64_t bytes; /* atomic */
	size_t waiting;
	uint8_t buffer[BUFFER_SIZE];
};

static bool refuse(GError **error, const char *what, const char *file)
{
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "%s %s cannot be used: %s", what, file,
	    ERR_reason_error_string(ERR_peek_last_error()));
	return false;
}

static bool load(SSL_CTX *context, const char *certificate, const char *key, const char *authority,
    GError **error)
{
	ERR_clear_error();
	if (SSL_CTX_use_certificate_chain_file(context, certificate) != 1)
		return refuse(error, "the certificate", certificate);
	if (SSL_CTX_use_PrivateKey_file(context, key, SSL_FILETYPE_PEM) != 1)
		return refuse(error, "the private key", key);
	if (SSL_CTX_load_verify_file(context, authority) != 1)
		return refuse(error, "the authority's certificate", authority);
	return true;
}

SSL_CTX *migration_link_context(
    const char *certificate, const char *key, const char *authority, GError **error)
{
	SSL_CTX *context = SSL_CTX_new(TLS_method());
	if (!context)
		g_error("no memory for TLS");
	SSL_CTX_set_min_proto_version(context, TLS1_3_VERSION);
	SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
	SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
	SSL_CTX_set_num_tickets(context, 0);
	if (load(context, certificate, key, authority, error))
		return context;
	SSL_CTX_free(context);
	return NULL;
}

/* tcp(7): what is not confirmed, and nobody who confirms when nothing is to be said. */
static void tune(int fd)
{
	int on = 1, idle_s = 2, interval_s = 2, count = LINK_SILENCE_MS / 2000 - 1;
	unsigned silence = LINK_SILENCE_MS;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
	setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof(on));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle_s, sizeof(idle_s));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval_s, sizeof(interval_s));
	setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof(count));
	setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &silence, sizeof(silence));
}

/* Of a handshake: whoever connects and says nothing must not keep a thread. */
static void limit(int fd, unsigned ms)
{
	struct timeval time = {.tv_sec = ms / 1000};
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time));
	setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &time, sizeof(time));
}

static bool fail(struct migration_link *link, int result, const char *what, GError **error)
{
	int number = errno;
	int kind = SSL_get_error(link->ssl, result);
	unsigned long reason = ERR_peek_last_error();
	long verify = SSL_get_verify_result(link->ssl);
	const char *text = verify != X509_V_OK               ? X509_verify_cert_error_string(verify)
	                   : kind == SSL_ERROR_SSL && reason ? ERR_reason_error_string(reason)
	                   : number == EAGAIN                ? "it does not answer"
	                   : number                          ? g_strerror(number)
	                                                     : "the connection has ended";
	link->failed = true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "%s: %s", what, text);
	return false;
}

static char *common_name(SSL *ssl)
{
	X509 *certificate = SSL_get0_peer_certificate(ssl);
	char name[256] = "";
	if (certificate)
		X509_NAME_get_text_by_NID(
		    X509_get_subject_name(certificate), NID_commonName, name, sizeof(name));
	return g_strdup(name);
}

static struct migration_link *link_new(SSL_CTX *context, int fd)
{
	struct migration_link *link = g_new0(struct migration_link, 1);
	link->fd = fd;
	link->ssl = SSL_new(context);
	tune(fd);
	limit(fd, LINK_SILENCE_MS);
	if (!link->ssl || SSL_set_fd(link->ssl, fd) != 1)
		g_error("no memory for TLS");
	return link;
}

static bool shake_hands(struct migration_link *link, bool server, GError **error)
{
	ERR_clear_error();
	errno = 0;
	int result = server ? SSL_accept(link->ssl) : SSL_connect(link->ssl);
	if (result != 1)
		return fail(link, result, "TLS cannot be agreed upon with the other host", error);
	link->peer = common_name(link->ssl);
	limit(link->fd, 0);
	return true;
}

struct migration_link *migration_link_accept(SSL_CTX *context, int fd, GError **error)
{
	AUTO(migration_link) link = link_new(context, fd);
	return shake_hands(link, true, error) ? g_steal_pointer(&link) : NULL;
}

static bool name_other(SSL *ssl, const char *host)
{
	bool numeric = g_hostname_is_ip_address(host);
	return numeric ? X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host) == 1
	               : SSL_set1_host(ssl, host) == 1 && SSL_set_tlsext_host_name(ssl, host) == 1;
}

/* connect(2) keeps to SO_SNDTIMEO. */
static int connect_to(const struct addrinfo *address)
{
	int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return -1;
	limit(fd, LINK_SILENCE_MS);
	if (!connect(fd, address->ai_addr, address->ai_addrlen))
		return fd;
	int number = errno == EINPROGRESS ? ETIMEDOUT : errno;
	close(fd);
	errno = number;
	return -1;
}

static int open_socket(const char *host, uint16_t port, GError **error)
{
	const struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_NUMERICSERV};
	struct addrinfo *list = NULL;
	g_autofree char *service = g_strdup_printf("%u", port);
	int result = getaddrinfo(host, service, &hints, &list), fd = -1;
	for (const struct addrinfo *one = list; one && fd < 0; one = one->ai_next)
		fd = connect_to(one);
	if (fd < 0)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "%s port %u: %s", host, port,
		    result ? gai_strerror(result) : g_strerror(errno));
	if (list)
		freeaddrinfo(list);
	return fd;
}

struct migration_link *migration_link_connect(SSL_CTX *context, const char *place, GError **error)
{
	g_autoptr(GSocketConnectable) parsed = g_network_address_parse(place, 0, NULL);
	if (!parsed || !g_network_address_get_port(G_NETWORK_ADDRESS(parsed))) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "\"%s\" is no HOST:PORT", place);
		return NULL;
	}
	const char *host = g_network_address_get_hostname(G_NETWORK_ADDRESS(parsed));
	int fd = open_socket(host, g_network_address_get_port(G_NETWORK_ADDRESS(parsed)), error);
	if (fd < 0)
		return NULL;
	AUTO(migration_link) link = link_new(context, fd);
	if (!name_other(link->ssl, host))
		g_error("no memory for TLS");
	if (shake_hands(link, false, error))
		return g_steal_pointer(&link);
	g_prefix_error(error, "%s: ", place);
	return NULL;
}

const char *migration_link_peer(const struct migration_link *link)
{
	return link->peer;
}

/* --- writing --- */

static bool flush(struct migration_link *link, GError **error)
{
	if (!link->waiting)
		return true;
	ERR_clear_error();
	errno = 0;
	int result = SSL_write(link->ssl, link->buffer, (int)link->waiting);
	if (result <= 0)
		return fail(link, result, "nothing reaches the other host", error);
	link->waiting = 0;
	return true;
}

bool migration_link_write(struct migration_link *link, const void *bytes, size_t n, GError **error)
{
	const uint8_t *from = bytes;
	__atomic_fetch_add(&link->bytes, n, __ATOMIC_RELAXED);
	while (n) {
		size_t part = MIN(n, BUFFER_SIZE - link->waiting);
		memcpy(link->buffer + link->waiting, from, part);
		link->waiting += part;
		from += part;
		n -= part;
		if (link->waiting == BUFFER_SIZE && !flush(link, error))
			return false;
	}
	return true;
}

bool migration_link_write_line(struct migration_link *link, const char *text, GError **error)
{
	return migration_link_write(link, text, strlen(text), error) &&
	       migration_link_write(link, "\n", 1, error) && flush(link, error);
}

bool migration_link_end(struct migration_link *link, GError **error)
{
	if (!flush(link, error))
		return false;
	ERR_clear_error();
	errno = 0;
	int result = SSL_shutdown(link->ssl);
	link->ended = true;
	return result >= 0 || fail(link, result, "nothing reaches the other host", error);
}

/* --- reading --- */

ssize_t migration_link_read(struct migration_link *link, void *bytes, size_t n, GError **error)
{
	/* Whoever waits for an answer has asked. */
	if (!flush(link, error))
		return -1;
	ERR_clear_error();
	errno = 0;
	int result = SSL_read(link->ssl, bytes, (int)MIN(n, G_MAXINT));
	if (result > 0)
		return result;
	if (SSL_get_error(link->ssl, result) == SSL_ERROR_ZERO_RETURN)
		return 0;
	fail(link, result, "nothing comes from the other host", error);
	return -1;
}

bool migration_link_read_all(struct migration_link *link, void *bytes, size_t n, GError **error)
{
	uint8_t *to = bytes;
	while (n) {
		ssize_t got = migration_link_read(link, to, n, error);
		if (got < 0)
			return false;
		if (!got) {
			g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
			    "the other host has ended the connection");
			return false;
		}
		to += got;
		n -= (size_t)got;
	}
	return true;
}

/* Byte by byte: what follows a line is somebody else's. OpenSSL has the record already. */
char *migration_link_read_line(struct migration_link *link, GError **error)
{
	g_autoptr(GString) line = g_string_new(NULL);
	char c;
	while (migration_link_read_all(link, &c, 1, error)) {
		if (c == '\n')
			return g_string_free(g_steal_pointer(&line), FALSE);
		if (line->len == LINK_LINE_MAX) {
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_TOO_LARGE,
			    "a line of the other host has more than %d bytes", LINK_LINE_MAX);
			return NULL;
		}
		g_string_append_c(line, c);
	}
	return NULL;
}

/* --- */

void migration_link_abort(struct migration_link *link)
{
	shutdown(link->fd, SHUT_RDWR);
}

uint64_t migration_link_bytes(const struct migration_link *link)
{
	return __atomic_load_n(&link->bytes, __ATOMIC_RELAXED);
}

void migration_link_free(struct migration_link *link)
{
	if (!link)
		return;
	if (!link->failed && link->peer && !link->ended)
		migration_link_end(link, NULL);
	SSL_free(link->ssl);
	OPENSSL_cleanse(link->buffer, sizeof(link->buffer));
	close(link->fd);
	g_free(link->peer);
	g_free(link);
}
