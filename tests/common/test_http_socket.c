/* SPDX-License-Identifier: GPL-2.0-or-later */
/* WebSockets: upgrade, frames, bounds, back-pressure. */
#include "tests/common/http_fixture.h"

#define UPGRADE                                                                                    \
	"Host: phones.example:1\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"                  \
	"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n"

static void test_socket(struct fixture *fixture, gconstpointer data)
{
	/* A masked text frame "quit" (RFC 6455, section 5.2), mask 0. */
	static const char good[] =
	    "GET /v1/socket HTTP/1.1\r\n" UPGRADE "Sec-WebSocket-Protocol: test.v1\r\n"
	    "Origin: https://phones.example:8443\r\n\r\n"
	    "\x81\x84\0\0\0\0quit";
	(void)data;

	GString *answer = exchange(fixture, good, sizeof(good) - 1, "as you like");
	g_assert_nonnull(strstr(answer->str, "101 Switching"));
	const char *frames = strstr(answer->str, "\r\n\r\n") + 4;
	g_assert_cmpmem(frames, 10, "\x81\x02hi\x81\x04quit", 10);
	g_assert_cmpmem(frames + 10, 15,
	    "\x88\x0d\x03\xe8"
	    "as you like",
	    15);
	g_string_free(answer, TRUE);
	while (fixture->sockets_closed == 0)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(fixture->sockets_open, ==, 1);
	g_assert_cmpuint(fixture->sockets_closed, ==, 1);

	assert_answers(fixture,
	    "GET /v1/socket HTTP/1.1\r\n" UPGRADE "Sec-WebSocket-Protocol: test.v1\r\n"
	    "Origin: https://evil.example\r\n\r\n",
	    "403 Forbidden");
	assert_answers(fixture, "GET /v1/socket HTTP/1.1\r\n" UPGRADE "\r\n", "400 Bad");
	assert_answers(fixture,
	    "GET /v1/socket?no=1 HTTP/1.1\r\n" UPGRADE "Sec-WebSocket-Protocol: test.v1\r\n\r\n",
	    "not you");
	assert_answers(fixture,
	    "GET /v1/other HTTP/1.1\r\n" UPGRADE "Sec-WebSocket-Protocol: test.v1\r\n\r\n", "404");
	g_assert_cmpuint(fixture->sockets_open, ==, 1);
}

static void test_socket_bounds(struct fixture *fixture, gconstpointer data)
{
	/* Announces a message of 1 MiB, where 100,000 bytes are taken. */
	static const char head[] =
	    "GET /v1/socket HTTP/1.1\r\n" UPGRADE "Sec-WebSocket-Protocol: test.v1\r\n\r\n"
	    "\x82\xff\0\0\0\0\0\x10\0\0\0\0\0\0";
	GByteArray *bytes = g_byte_array_new();
	(void)data;

	g_byte_array_append(bytes, (const guint8 *)head, sizeof(head) - 1);
	g_byte_array_set_size(bytes, bytes->len + 0x100000);
	GString *answer = exchange(fixture, (char *)bytes->data, bytes->len, "message too big");
	g_assert_nonnull(strstr(answer->str, "101 Switching"));
	/* A close frame with status 1009. */
	g_assert_nonnull(memmem(answer->str, answer->len, "\x88\x11\x03\xf1message too big", 19));
	g_string_free(answer, TRUE);
	g_byte_array_unref(bytes);
}

static void test_socket_back_pressure(struct fixture *fixture, gconstpointer data)
{
	static const char head[] =
	    "GET /v1/socket HTTP/1.1\r\n" UPGRADE "Sec-WebSocket-Protocol: test.v1\r\n\r\n";
	static char piece[50000];
	char sink[65536];
	size_t got = 0, wanted = 0;
	g_autoptr(GError) error = NULL;
	(void)data;

	AUTO_FD fd = unix_socket_connect(fixture->unix_path, SOCK_STREAM | SOCK_NONBLOCK, &error);
	g_assert_cmpint(send(fd, head, sizeof(head) - 1, 0), ==, sizeof(head) - 1);
	while (!fixture->socket)
		g_main_context_iteration(NULL, TRUE);
	run_ms(50);
	/* Nobody reads: the queue grows and says so, until it is drained. */
	for (unsigned i = 0; i < 100; i++, wanted += sizeof(piece))
		http_socket_send(fixture->socket, piece, sizeof(piece), true);
	run_ms(50);
	g_assert_cmpuint(http_socket_queued(fixture->socket), >, 1000000);
	/* Paused: what the peer sends is not read. */
	http_socket_pause(fixture->socket, true);
	g_assert_cmpint(send(fd, "\x81\x81\0\0\0\0x", 7, 0), ==, 7);
	while (got < wanted) {
		ssize_t n = recv(fd, sink, sizeof(sink), 0);
		got += n > 0 ? n : 0;
		g_main_context_iteration(NULL, FALSE);
	}
	while (recv(fd, sink, sizeof(sink), 0) > 0 || http_socket_queued(fixture->socket) > 0)
		g_main_context_iteration(NULL, FALSE);
	http_socket_pause(fixture->socket, false);
	ssize_t n;
	while ((n = recv(fd, sink, sizeof(sink), 0)) < 0 && errno == EAGAIN)
		g_main_context_iteration(NULL, FALSE);
	g_assert_cmpint(n, ==, 3);
	g_assert_cmpmem(sink, 3, "\x81\x01x", 3);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(socket);
	ADD(socket_bounds);
	ADD(socket_back_pressure);
	return g_test_run();
}
