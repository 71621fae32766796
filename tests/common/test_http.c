/* SPDX-License-Identifier: GPL-2.0-or-later */
/* HTTP server and client against each other, and raw bytes against the server. */
#include "tests/common/http_fixture.h"

static void test_calls(struct fixture *fixture, gconstpointer data)
{
	AUTO(http_client)
	client = client_new(
	    &(struct http_client_options){.base_url = fixture->unix_url, .name = "testd"});
	struct result result = {0};
	(void)data;

	call(client, "POST", "/v1/echo", "{\"a\":[1,2,\"\\u00e9\"]}", &result);
	g_assert_cmpstr(result.json, ==, "{\"a\":[1,2,\"é\"],\"key\":\"k1\"}");
	g_assert_cmpuint(result.status, ==, 201);
	g_assert_cmpstr(fixture->last_peer, ==, "0 -");

	g_autofree char *path = http_path("/v1/phones/%s?q=%s", "a b%", "x&y=z");
	g_assert_cmpstr(path, ==, "/v1/phones/a%20b%25?q=x%26y%3Dz");
	call(client, "GET", path, NULL, &result);
	g_assert_cmpstr(result.json, ==, "{\"id\":\"a b%\",\"q\":\"x&y=z\"}");

	call(client, "POST", "/v1/echo", NULL, &result);
	g_assert_error(result.error, QVMI_ERROR, QVMI_ERROR_INVALID);
	call(client, "GET", "/v1/nothing", NULL, &result);
	g_assert_error(result.error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	call(client, "DELETE", "/v1/echo", NULL, &result);
	g_assert_error(result.error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "GET /v1/fail: the disk is full*");
	call(client, "GET", "/v1/fail", NULL, &result);
	g_test_assert_expected_messages();
	g_assert_error(result.error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED);
	g_assert_cmpstr(result.error->message, ==, "the disk is full; free some");
	result_clear(&result);
}

static void test_large_answer(struct fixture *fixture, gconstpointer data)
{
	AUTO(http_client)
	client = client_new(&(struct http_client_options){.base_url = fixture->unix_url});
	struct result result = {0};
	gsize n = 0;
	(void)data;

	for (unsigned round = 0; round < 3; round++) {
		call(client, "GET", "/v1/large", NULL, &result);
		g_assert_no_error(result.error);
		const guint8 *bytes = g_bytes_get_data(result.bytes, &n);
		g_assert_cmpuint(n, ==, 5000000);
		for (unsigned i = 0; i < n; i++)
			g_assert_cmpuint(bytes[i], ==, (guint8)(i * 7 + (i >> 8)));
	}
	result_clear(&result);
}

static void test_hold(struct fixture *fixture, gconstpointer data)
{
	AUTO(http_client)
	client = client_new(&(struct http_client_options){.base_url = fixture->unix_url});
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	struct http_call request = {.method = "GET", .path = "/v1/hold"};
	struct result result = {0};
	(void)data;

	http_client_call(client, &request, NULL, on_reply, &result);
	while (!fixture->held)
		g_main_context_iteration(NULL, TRUE);
	run_ms(100);
	g_assert_false(result.done);
	http_respond_empty(g_steal_pointer(&fixture->held), 204);
	while (!result.done)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpuint(result.status, ==, 204);
	g_assert_cmpuint(fixture->cancelled, ==, 0);

	/* A client that goes away cancels; the answer is then a no-op. */
	result_clear(&result);
	http_client_call(client, &request, cancellable, on_reply, &result);
	while (!fixture->held)
		g_main_context_iteration(NULL, TRUE);
	g_cancellable_cancel(cancellable);
	while (!result.done || fixture->cancelled == 0)
		g_main_context_iteration(NULL, TRUE);
	g_assert_error(result.error, QVMI_ERROR, QVMI_ERROR_CANCELLED);
	http_respond_empty(g_steal_pointer(&fixture->held), 204);
	result_clear(&result);

	/* The server ends while a request is held. */
	http_client_call(client, &request, NULL, on_reply, &result);
	while (!fixture->held)
		g_main_context_iteration(NULL, TRUE);
	http_server_free(g_steal_pointer(&fixture->server));
	g_assert_cmpuint(fixture->cancelled, ==, 2);
	while (!result.done)
		g_main_context_iteration(NULL, TRUE);
	g_assert_error(result.error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
	http_respond_empty(g_steal_pointer(&fixture->held), 204);
	result_clear(&result);
}

static void test_unreachable(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *url = g_strconcat(fixture->unix_url, ".nobody", NULL);
	AUTO(http_client)
	client = client_new(&(struct http_client_options){.base_url = url, .name = "poold"});
	struct result result = {0};
	g_autoptr(GError) error = NULL;
	(void)data;

	call(client, "GET", "/v1/x", NULL, &result);
	g_assert_error(result.error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
	g_assert_nonnull(strstr(result.error->message, "cannot reach poold at /"));
	result_clear(&result);

	g_assert_null(http_client_new(
	    &(struct http_client_options){.base_url = "http://example.org"}, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
}

static void test_hostile(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	assert_answers(fixture, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK");
	assert_answers(fixture, "GET /readyz HTTP/1.1\r\nHost: x\r\n\r\n", "503 Service");
	assert_answers(fixture, "GET /metrics HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK");
	assert_answers(fixture, "HEAD /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "content-length: 3");
	assert_answers(fixture, "GET /healthz HTTP/1.0\r\n\r\n", "<closed>");
	assert_answers(fixture, "DELETE /v1/echo HTTP/1.1\r\nHost: x\r\n\r\n", "allow: POST");
	assert_answers(fixture,
	    "POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 100001\r\n\r\n", "413 Content");
	assert_answers(
	    fixture, "POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: -5\r\n\r\n", "400 Bad");
	assert_answers(fixture,
	    "POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\nContent-Length: 6\r\n\r\n",
	    "400 Bad");
	assert_answers(fixture,
	    "POST /v1/echo HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n",
	    "400 Bad");
	assert_answers(fixture, "POST /v1/echo HTTP/1.1\r\nHost: x\r\n\r\n", "connection: close");
	assert_answers(
	    fixture, "POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n\r\n", "400 Bad");
	assert_answers(fixture,
	    "POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n\r\n{\"a\":[1}]", "line 1");
	assert_answers(fixture, "CONNECT a:1 HTTP/1.1\r\nHost: x\r\n\r\n", "<closed>");
	assert_answers(fixture, "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "<closed>");
	assert_answers(
	    fixture, "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 junk\r\n\r\n", "<closed>");
	/* lws 4.1 cuts the path there, 4.3 hangs up: neither is taken for phone "". */
	static const char nul[] = "GET /v1/phones/%00 HTTP/1.1\r\nHost: x\r\n\r\n";
	GString *answer = exchange(fixture, nul, strlen(nul), "HTTP/");
	g_assert_null(strstr(answer->str, "200 OK"));
	g_string_free(answer, TRUE);
	assert_answers(fixture, "GET /v1/phones/%ff HTTP/1.1\r\nHost: x\r\n\r\n", "400 Bad");
	assert_answers(fixture, "GET /v1/phones/ HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not");
	assert_answers(fixture, "GET /v1/socket HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not");
	/* And after all that it still serves. */
	assert_answers(fixture, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK");
}

/* A client that reads only when it has sent all is not cut off from the answer: over TCP, where a
 * close with unread bytes resets the connection. */
static void test_refused_while_sending(struct fixture *fixture, gconstpointer data)
{
	struct http_listen listen = {.address = "127.0.0.1"};
	g_autoptr(GError) error = NULL;
	static const char head[] =
	    "POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 200000\r\n\r\n";
	g_autofree char *body = g_strnfill(20000, ' ');
	(void)data;

	http_server_listen(fixture->server, &listen, &error);
	g_assert_no_error(error);
	AUTO_FD fd = connect_tcp(http_server_port(fixture->server, "127.0.0.1"));
	g_assert_cmpint(send(fd, head, strlen(head), MSG_NOSIGNAL), >, 0);
	for (unsigned i = 0; i < 10; i++) {
		g_assert_cmpint(send(fd, body, 20000, MSG_NOSIGNAL), ==, 20000);
		for (unsigned turn = 0; turn < 20; turn++) {
			g_main_context_iteration(NULL, FALSE);
			g_usleep(500);
		}
	}
	GString *answer = converse(fd, "", 0, "<closed>");
	g_assert_nonnull(strstr(answer->str, "413 Content"));
	g_assert_true(g_str_has_suffix(answer->str, "larger than is taken here\"}<closed>"));
	g_string_free(answer, TRUE);
}

static void test_header_flood(struct fixture *fixture, gconstpointer data)
{
	GString *flood = g_string_new("GET /healthz HTTP/1.1\r\nHost: x\r\n");
	(void)data;

	for (unsigned i = 0; i < 5000; i++)
		g_string_append_printf(flood, "X-Flood-%u: 0123456789012345678901234567890\r\n", i);
	GString *answer = exchange(fixture, flood->str, flood->len, "<closed>");
	g_assert_nonnull(strstr(answer->str, "<closed>"));
	g_assert_null(strstr(answer->str, "200 OK"));
	g_string_free(answer, TRUE);
	g_string_free(flood, TRUE);
	assert_answers(fixture, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK");
}

/* Who pipelines while an answer is pending is cut off instead of spinning the loop. */
static void test_pipelining(struct fixture *fixture, gconstpointer data)
{
	static const char requests[] = "GET /v1/hold HTTP/1.1\r\nHost: x\r\n\r\n"
	                               "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
	static const char body[] =
	    "POST /v1/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}"
	    "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
	(void)data;

	GString *answer = exchange(fixture, requests, strlen(requests), NULL);
	g_assert_cmpuint(fixture->cancelled, <=, 1);
	if (fixture->held)
		http_respond_empty(g_steal_pointer(&fixture->held), 204);
	g_string_free(answer, TRUE);
	answer = exchange(fixture, body, strlen(body), "201 Created");
	/* Cut off before the answer (lws 4.3) or after it (4.1). */
	g_assert_true(strstr(answer->str, "201 Created") || strstr(answer->str, "<closed>"));
	g_string_free(answer, TRUE);
	assert_answers(fixture, "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n", "200 OK");
}

static void test_many_connections(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	int fds[1100];
	struct rlimit files;
	(void)data;

	if (getrlimit(RLIMIT_NOFILE, &files) < 0 || files.rlim_cur < 2 * G_N_ELEMENTS(fds) + 64) {
		g_test_skip("this user may not open so many files (RLIMIT_NOFILE)");
		return;
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(fds); i++) {
		fds[i] = unix_socket_connect(fixture->unix_path, SOCK_STREAM, &error);
		g_assert_no_error(error);
		while (g_main_context_iteration(NULL, FALSE))
			;
	}
	/* The last ones were closed at once. */
	struct pollfd last = {.fd = fds[1099], .events = POLLIN};
	while (poll(&last, 1, 0) != 1)
		g_main_context_iteration(NULL, FALSE);
	for (unsigned i = 0; i < G_N_ELEMENTS(fds); i++)
		close(fds[i]);
	/* Once it has seen that they are gone. */
	static const char get[] = "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n";
	bool served = false;
	while (!served) {
		GString *answer = exchange(fixture, get, strlen(get), "200 OK");
		served = strstr(answer->str, "200 OK");
		g_string_free(answer, TRUE);
	}
}

static void test_static(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *web = g_build_filename(fixture->folder, "web", NULL);
	g_autofree char *index = g_build_filename(web, "index.html", NULL);
	g_autofree char *wasm = g_build_filename(web, "a.wasm", NULL);
	g_autofree char *hidden = g_build_filename(web, ".secret", NULL);
	(void)data;

	g_assert_cmpint(g_mkdir(web, 0700), ==, 0);
	g_assert_true(file_store(index, "<p>", 3, 0644, NULL));
	g_assert_true(file_store(wasm, "\0asm", 4, 0644, NULL));
	g_assert_true(file_store(hidden, "s3cret", 6, 0644, NULL));
	http_server_serve_folder(fixture->server, web, "default-src 'self'");
	assert_answers(fixture, "GET / HTTP/1.1\r\nHost: x\r\n\r\n",
	    "content-security-policy: default-src 'self'\r\n");
	assert_answers(fixture, "GET / HTTP/1.1\r\nHost: x\r\n\r\n", "<p>");
	assert_answers(fixture, "GET /a.wasm HTTP/1.1\r\nHost: x\r\n\r\n", "application/wasm");
	assert_answers(fixture, "GET /a.wasm HTTP/1.1\r\nHost: x\r\n\r\n", "nosniff");
	assert_answers(fixture, "GET /.secret HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not");
	assert_answers(fixture, "GET /../s HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not");
	assert_answers(fixture, "GET /%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: x\r\n\r\n", "404");
	assert_answers(fixture, "GET /web HTTP/1.1\r\nHost: x\r\n\r\n", "404 Not");

	static const char get[] = "GET /a.wasm HTTP/1.1\r\nHost: x\r\n\r\n";
	GString *answer = exchange(fixture, get, strlen(get), "\r\n\r\n");
	g_autofree char *tag = g_strdup(strstr(answer->str, "etag: ") + 6);
	*strchr(tag, '\r') = 0;
	g_autofree char *again =
	    g_strdup_printf("GET /a.wasm HTTP/1.1\r\nHost: x\r\nIf-None-Match: %s\r\n\r\n", tag);
	assert_answers(fixture, again, "304 Not Modified");
	g_string_free(answer, TRUE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	process_raise_descriptors(8192); /* both ends of more connections than a listener takes */
	ADD(calls);
	ADD(large_answer);
	ADD(hold);
	ADD(unreachable);
	ADD(hostile);
	ADD(refused_while_sending);
	ADD(header_flood);
	ADD(pipelining);
	ADD(many_connections);
	ADD(static);
	return g_test_run();
}
