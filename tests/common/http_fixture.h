/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A small daemon with its HTTP server, and the clients that the tests of it speak through. */
#pragma once

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <glib/gstdio.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"
#include "common/http_client.h"
#include "common/http_server.h"
#include "common/json.h"
#include "common/pki.h"
#include "common/process.h"
#include "common/unix_socket.h"

struct fixture {
	char *folder, *unix_path, *unix_url;
	struct http_server *server;
	struct http_request *held;
	unsigned cancelled, sockets_open, sockets_closed;
	char *last_peer;
	struct http_socket *socket;
};

/* --- a small daemon --- */

static G_GNUC_UNUSED void on_cancelled(GCancellable *cancellable, gpointer data)
{
	struct fixture *fixture = data;
	(void)cancellable;
	fixture->cancelled++;
}

static G_GNUC_UNUSED void handle_echo(struct http_request *request, void *data)
{
	struct fixture *fixture = data;
	g_autoptr(GError) error = NULL;
	const struct http_peer *peer = http_request_peer(request);
	JsonObject *body = http_request_json(request, &error);

	g_free(fixture->last_peer);
	fixture->last_peer = g_strdup_printf("%d %s", peer->kind, peer->name ? peer->name : "-");
	if (!body) {
		http_respond_error(request, error);
		return;
	}
	JsonObject *answer = json_object_ref(body);
	g_autofree char *key = g_strdup(http_request_header(request, "idempotency-key"));
	if (key)
		json_object_set_string_member(answer, "key", key);
	http_respond_json(request, 201, json_node_of(answer));
}

static G_GNUC_UNUSED void handle_phone(struct http_request *request, void *data)
{
	JsonObject *answer = json_object_new();
	const char *q = http_request_query(request, "q");
	(void)data;

	json_object_set_string_member(answer, "id", http_request_parameter(request, "id"));
	json_object_set_string_member(answer, "q", q ? q : "");
	http_respond_json(request, 200, json_node_of(answer));
}

static G_GNUC_UNUSED void handle_hold(struct http_request *request, void *data)
{
	struct fixture *fixture = data;

	fixture->held = request;
	g_signal_connect(
	    http_request_cancellable(request), "cancelled", G_CALLBACK(on_cancelled), fixture);
	http_request_hold(request);
}

static G_GNUC_UNUSED void handle_large(struct http_request *request, void *data)
{
	g_autoptr(GBytes) bytes = NULL;
	(void)data;

	guint8 *block = g_malloc(5000000);
	for (unsigned i = 0; i < 5000000; i++)
		block[i] = (guint8)(i * 7 + (i >> 8));
	bytes = g_bytes_new_take(block, 5000000);
	http_respond_bytes(request, 200, "application/octet-stream", bytes);
}

static G_GNUC_UNUSED void handle_fail(struct http_request *request, void *data)
{
	g_autoptr(GError) error =
	    g_error_new_literal(QVMI_ERROR, QVMI_ERROR_EXHAUSTED, "the disk is full; free some");
	(void)data;
	http_respond_error(request, error);
}

static G_GNUC_UNUSED bool socket_open(struct http_socket *socket, struct http_request *request,
    void *server_data, void **data, GError **error)
{
	struct fixture *fixture = server_data;

	if (http_request_query(request, "no")) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_DENIED, "not you");
		return false;
	}
	fixture->sockets_open++;
	fixture->socket = socket;
	*data = fixture;
	http_socket_send(socket, "hi", 2, false);
	return true;
}

static G_GNUC_UNUSED void socket_receive(
    struct http_socket *socket, const void *bytes, size_t n, bool binary, void *data)
{
	(void)data;
	http_socket_send(socket, bytes, n, binary);
	if (n == 4 && memcmp(bytes, "quit", 4) == 0)
		http_socket_close(socket, 1000, "as you like");
}

static G_GNUC_UNUSED void socket_close(struct http_socket *socket, void *data)
{
	struct fixture *fixture = data;
	(void)socket;
	fixture->sockets_closed++;
	fixture->socket = NULL;
}

static const struct http_socket_events events = {
    .subprotocol = "test.v1",
    .open = socket_open,
    .receive = socket_receive,
    .close = socket_close,
};

static const struct http_route routes[] = {
    {"POST", "/v1/echo", handle_echo, NULL},
    {"GET", "/v1/phones/{id}", handle_phone, NULL},
    {"GET", "/v1/hold", handle_hold, NULL},
    {"GET", "/v1/large", handle_large, NULL},
    {"GET", "/v1/fail", handle_fail, NULL},
    {"WS", "/v1/socket", NULL, &events},
    {0},
};

static G_GNUC_UNUSED void remove_tree(const char *folder)
{
	g_autofree char *command = g_strdup_printf("rm -rf '%s'", folder);
	g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, NULL, NULL));
}

static G_GNUC_UNUSED void set_up(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	(void)data;

	fixture->folder = g_dir_make_tmp("qvmi-http-XXXXXX", &error);
	g_assert_no_error(error);
	fixture->unix_path = g_build_filename(fixture->folder, "s", NULL);
	fixture->unix_url = g_strconcat("unix:", fixture->unix_path, NULL);
	fixture->server = http_server_new(routes, fixture);
	http_server_set_max_body(fixture->server, 100000);
	struct http_listen listen = {.unix_path = fixture->unix_path};
	http_server_listen(fixture->server, &listen, &error);
	g_assert_no_error(error);
}

static G_GNUC_UNUSED void tear_down(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	http_server_free(fixture->server);
	g_assert_false(g_file_test(fixture->unix_path, G_FILE_TEST_EXISTS));
	remove_tree(fixture->folder);
	g_free(fixture->folder);
	g_free(fixture->unix_path);
	g_free(fixture->unix_url);
	g_free(fixture->last_peer);
}

/* --- the other side --- */

static G_GNUC_UNUSED gboolean on_alarm(gpointer data)
{
	*(bool *)data = true;
	return G_SOURCE_REMOVE;
}

static G_GNUC_UNUSED void run_ms(unsigned ms)
{
	bool over = false;
	g_timeout_add(ms, on_alarm, &over);
	while (!over)
		g_main_context_iteration(NULL, TRUE);
}

struct result {
	bool done;
	unsigned status;
	char *json;
	GBytes *bytes;
	GError *error;
};

static G_GNUC_UNUSED void on_reply(const struct http_reply *reply, const GError *error, void *data)
{
	struct result *result = data;

	g_assert_false(result->done);
	result->done = true;
	if (error)
		result->error = g_error_copy(error);
	if (reply) {
		result->status = reply->status;
		result->json = reply->json ? json_text(reply->json) : NULL;
		result->bytes = reply->bytes ? g_bytes_ref(reply->bytes) : NULL;
	}
}

static G_GNUC_UNUSED void result_clear(struct result *result)
{
	g_free(result->json);
	g_clear_pointer(&result->bytes, g_bytes_unref);
	g_clear_error(&result->error);
	*result = (struct result){0};
}

static G_GNUC_UNUSED struct http_client *client_new(const struct http_client_options *options)
{
	g_autoptr(GError) error = NULL;
	struct http_client *client = http_client_new(options, &error);
	g_assert_no_error(error);
	return client;
}

static G_GNUC_UNUSED void call(struct http_client *client, const char *method, const char *path,
    const char *body, struct result *result)
{
	g_autoptr(GError) error = NULL;
	struct http_call request = {.method = method, .path = path, .idempotency_key = "k1"};

	result_clear(result);
	if (body) {
		request.body = json_parse_object(body, -1, &error);
		g_assert_no_error(error);
	}
	http_client_call(client, &request, NULL, on_reply, result);
	g_assert_false(result->done); /* never from within the call */
	while (!result->done)
		g_main_context_iteration(NULL, TRUE);
}

/* Sends bytes to the UNIX socket; what comes until it has `wanted` or ends. NULL: for a while. */
static G_GNUC_UNUSED GString *converse(int fd, const char *bytes, size_t n, const char *wanted)
{
	GString *answer = g_string_new(NULL);
	gint64 until = g_get_monotonic_time() + (wanted ? 60000 : 300) * 1000;
	char piece[4096];
	size_t sent = 0;

	while (g_get_monotonic_time() < until &&
	       !(wanted && memmem(answer->str, answer->len, wanted, strlen(wanted)))) {
		if (sent < n) {
			ssize_t k = send(fd, bytes + sent, n - sent, MSG_NOSIGNAL);
			sent = k < 0 && errno != EAGAIN ? n : k > 0 ? sent + k : sent;
		}
		ssize_t got = recv(fd, piece, sizeof(piece), 0);
		if (got == 0 || (got < 0 && errno != EAGAIN)) {
			g_string_append(answer, "<closed>");
			break;
		}
		if (got > 0)
			g_string_append_len(answer, piece, got);
		if (!g_main_context_iteration(NULL, FALSE))
			g_usleep(500);
	}
	return answer;
}

static G_GNUC_UNUSED GString *exchange(
    struct fixture *fixture, const char *bytes, size_t n, const char *wanted)
{
	g_autoptr(GError) error = NULL;

	AUTO_FD fd = unix_socket_connect(fixture->unix_path, SOCK_STREAM | SOCK_NONBLOCK, &error);
	g_assert_no_error(error);
	return converse(fd, bytes, n, wanted);
}

static G_GNUC_UNUSED int connect_tcp(uint16_t port)
{
	struct sockaddr_in address = {
	    .sin_family = AF_INET,
	    .sin_port = htons(port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK),
	};
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	g_assert_cmpint(connect(fd, (struct sockaddr *)&address, sizeof(address)), ==, 0);
	g_assert_true(g_unix_set_fd_nonblocking(fd, TRUE, NULL));
	return fd;
}

static G_GNUC_UNUSED void assert_answers(
    struct fixture *fixture, const char *request, const char *expected)
{
	GString *answer = exchange(fixture, request, strlen(request), expected);
	if (!strstr(answer->str, expected))
		g_error("\"%.60s...\" got \"%s\", not \"%s\"", request, answer->str, expected);
	g_string_free(answer, TRUE);
}

#define ADD(name) g_test_add("/http/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
