/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "tests/mtp-server/terminal.h"

#include <gio/gio.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/grant.h"

#define WAIT_S 60

static uint64_t clock_us(void *data)
{
	(void)data;
	return (uint64_t)g_get_monotonic_time();
}

bool fail(const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	fputs("mtp-probe: ", stderr);
	vfprintf(stderr, format, arguments);
	fputc('\n', stderr);
	va_end(arguments);
	return false;
}

void terminal_init(struct terminal *t)
{
	*t = (struct terminal){.screen = {.width = 360, .height = 720}, .lifetime = 30, .fd = -1};
	mtp_codecs_init(&t->decoders);
	t->session = mtp_session_new(
	    &(struct mtp_session_options){.codecs = &t->decoders, .clock_us = clock_us});
}

void terminal_finish(struct terminal *t)
{
	mtp_session_free(t->session);
	mtp_codecs_finish(&t->decoders);
	SSL_free(t->ssl);
	SSL_CTX_free(t->context);
	if (t->fd >= 0)
		close(t->fd);
	g_free(t->grant);
}

static bool sign(struct terminal *t)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *file = g_build_filename(t->folder, "grant.key", NULL);
	AUTO(grant_key) key = grant_key_load(file, true, &error);
	int64_t now = g_get_real_time() / G_USEC_PER_SEC;
	struct grant grant = {.host = (char *)(uintptr_t)t->host,
	    .user = (char *)(uintptr_t) "tester",
	    .phone = (char *)(uintptr_t)t->phone,
	    .session = (char *)(uintptr_t)t->session_id,
	    .role = (char *)(uintptr_t)t->role,
	    .not_before = now + MIN(t->lifetime - 1, 0),
	    .expires = now + t->lifetime};
	if (key)
		t->grant = grant_sign(key, &grant, &error);
	g_free(grant.id);
	return t->grant || fail("%s", error->message);
}

static bool send_all(struct terminal *t, const uint8_t *bytes, size_t n)
{
	while (n) {
		int written = SSL_write(t->ssl, bytes, (int)n);
		if (written <= 0 && SSL_get_error(t->ssl, written) != SSL_ERROR_WANT_WRITE &&
		    SSL_get_error(t->ssl, written) != SSL_ERROR_WANT_READ)
			return false;
		if (written > 0) {
			bytes += written;
			n -= (size_t)written;
		}
	}
	return true;
}

static void flush(struct terminal *t)
{
	size_t n;
	const uint8_t *bytes = mtp_session_output(t->session, &n);
	if (!t->closed && send_all(t, bytes, n))
		mtp_session_output_sent(t->session, n);
}

/* Reads what comes within `ms`, at most one record. False at the end of the stream. */
static bool pump(struct terminal *t, int ms)
{
	uint8_t bytes[16384];
	flush(t);
	struct pollfd poll_fd = {.fd = t->fd, .events = POLLIN};
	if (!SSL_pending(t->ssl) && poll(&poll_fd, 1, ms) <= 0)
		return true;
	int n = SSL_read(t->ssl, bytes, sizeof bytes);
	if (n <= 0) {
		t->closed = SSL_get_error(t->ssl, n) != SSL_ERROR_WANT_READ;
		return !t->closed;
	}
	mtp_session_feed(t->session, bytes, (size_t)n);
	flush(t);
	return true;
}

bool terminal_wait(struct terminal *t, terminal_condition *met, const void *data, const char *what)
{
	int64_t until = g_get_monotonic_time() + WAIT_S * G_USEC_PER_SEC;
	while (!met(t, data)) {
		if (g_get_monotonic_time() > until)
			return fail("waited %d s for %s", WAIT_S, what);
		if (!pump(t, 50) && !met(t, data))
			return fail("the stream ended (%u %s) before %s",
			    mtp_session_code(t->session), mtp_session_reason(t->session), what);
	}
	return true;
}

void terminal_read(struct terminal *t, int ms)
{
	int64_t until = g_get_monotonic_time() + ms * 1000;
	while (g_get_monotonic_time() < until && pump(t, 20))
		;
}

/* --- the beginning --- */

static int connect_tcp(int port)
{
	g_autoptr(GSocketAddress) at =
	    g_inet_socket_address_new_from_string("127.0.0.1", (guint)port);
	struct sockaddr_storage native;
	g_socket_address_to_native(at, &native, sizeof native, NULL);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&native, sizeof(struct sockaddr_in)) != 0)
		return -1;
	return fd;
}

static bool open_tls(struct terminal *t)
{
	g_autofree char *ca = g_build_filename(t->folder, "ca.pem", NULL);
	t->context = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_verify(t->context, SSL_VERIFY_PEER, NULL);
	if (SSL_CTX_load_verify_locations(t->context, ca, NULL) != 1)
		return fail("%s cannot be used", ca);
	t->fd = connect_tcp(t->port);
	if (t->fd < 0)
		return fail("nobody listens on port %d", t->port);
	t->ssl = SSL_new(t->context);
	SSL_set1_host(t->ssl, "localhost");
	SSL_set_alpn_protos(t->ssl, (const unsigned char *)"\5mtp/1", 6);
	SSL_set_fd(t->ssl, t->fd);
	if (SSL_connect(t->ssl) != 1)
		return fail("no TLS: %s", ERR_reason_error_string(ERR_peek_last_error()));
	return true;
}

static bool say_hello(struct terminal *t)
{
	uint8_t bytes[4096];
	struct mtp_session_hello hello = {.grant = t->grant,
	    .model = "mtp-probe",
	    .width = t->screen.width,
	    .height = t->screen.height,
	    .dpi = 160,
	    .rotation = t->screen.rotation,
	    .scaling = t->screen.scaling,
	    .mode = t->screen.mode};
	if (!mtp_session_start(t->session, &hello))
		return fail("the hello does not fit");
	size_t n;
	const uint8_t *out = mtp_session_output(t->session, &n);
	struct mtp_hello ours;
	if (!mtp_hello_decode(&ours, out + MTP_FRAME_HEADER, n - MTP_FRAME_HEADER))
		return fail("the client's hello cannot be read");
	ours.version_min = t->other_versions ? t->version_min : ours.version_min;
	ours.version_max = t->other_versions ? t->version_max : ours.version_max;
	ours.codecs = t->codecs ? t->codecs : ours.codecs;
	struct mtp_writer w = mtp_writer_of(bytes, sizeof bytes);
	mtp_message_encode(&(struct mtp_message){.type = MTP_TYPE_HELLO, .hello = ours}, &w);
	mtp_session_output_sent(t->session, n);
	return !w.failed && send_all(t, bytes, w.size);
}

bool terminal_open(struct terminal *t)
{
	return (t->grant || sign(t)) && open_tls(t) && say_hello(t);
}

bool terminal_send(struct terminal *t, const uint8_t *bytes, size_t n)
{
	if (mtp_session_state(t->session) == MTP_SESSION_IDLE) {
		/* To understand what is answered. */
		size_t unsent;
		mtp_session_start(
		    t->session, &(struct mtp_session_hello){.grant = "", .model = ""});
		mtp_session_output(t->session, &unsent);
		mtp_session_output_sent(t->session, unsent);
	}
	return (t->ssl || open_tls(t)) && send_all(t, bytes, n);
}
