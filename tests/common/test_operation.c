/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Operations over HTTP, metrics, and the private authority. */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/error.h"
#include "common/http_client.h"
#include "common/json.h"
#include "common/metrics.h"
#include "common/operation.h"
#include "common/pki.h"

static void handle_list(struct http_request *request, void *data)
{
	operations_handle_list(data, request);
}
static void handle_get(struct http_request *request, void *data)
{
	operations_handle_get(data, request);
}
static void handle_cancel(struct http_request *request, void *data)
{
	operations_handle_cancel(data, request);
}
static const struct http_route routes[] = {
    {"GET", "/v1/operations", handle_list, NULL},
    {"GET", "/v1/operations/{id}", handle_get, NULL},
    {"DELETE", "/v1/operations/{id}", handle_cancel, NULL},
    {0},
};

struct fixture {
	char *folder, *path;
	struct operations *operations;
	struct http_server *server;
	struct http_client *client;
	char *text; /* of the last answer */
	GError *error;
	bool done;
};

static void set_up(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	(void)data;

	fixture->folder = g_dir_make_tmp("qvmi-operation-XXXXXX", NULL);
	fixture->path = g_build_filename(fixture->folder, "s", NULL);
	fixture->operations = operations_new();
	fixture->server = http_server_new(routes, fixture->operations);
	const struct http_listen listen = {.unix_path = fixture->path};
	g_assert_true(http_server_listen(fixture->server, &listen, &error));
	g_autofree char *url = g_strconcat("unix:", fixture->path, NULL);
	const struct http_client_options options = {.base_url = url};
	fixture->client = http_client_new(&options, &error);
	g_assert_no_error(error);
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	http_client_free(fixture->client);
	operations_free(fixture->operations);
	http_server_free(fixture->server);
	g_rmdir(fixture->folder);
	g_free(fixture->folder);
	g_free(fixture->path);
	g_free(fixture->text);
	g_clear_error(&fixture->error);
}

static void on_reply(const struct http_reply *reply, const GError *error, void *data)
{
	struct fixture *fixture = data;

	fixture->done = true;
	g_clear_error(&fixture->error);
	g_clear_pointer(&fixture->text, g_free);
	if (error)
		fixture->error = g_error_copy(error);
	else
		fixture->text = json_text(reply->json);
}

static void ask(struct fixture *fixture, const char *method, const char *path)
{
	const struct http_call call = {.method = method, .path = path};

	fixture->done = false;
	http_client_call(fixture->client, &call, NULL, on_reply, fixture);
}

static void wait_answer(struct fixture *fixture)
{
	while (!fixture->done)
		g_main_context_iteration(NULL, TRUE);
}

static gboolean succeed_soon(gpointer data)
{
	JsonObject *result = json_object_new();

	json_object_set_int_member(result, "n", 5);
	operation_progress(data, 0.5, "half");
	operation_succeed(data, json_node_of(result));
	return G_SOURCE_REMOVE;
}

static void test_wait(struct fixture *fixture, gconstpointer data)
{
	struct operation *operation = operation_start(fixture->operations, "build", "phone");
	g_autofree char *path = http_path("/v1/operations/%s", operation_id(operation));
	g_autofree char *waiting = g_strconcat(path, "?wait_ms=20000", NULL);
	g_autofree char *shortly = g_strconcat(path, "?wait_ms=50", NULL);
	g_autofree char *wrong = g_strconcat(path, "?wait_ms=-1", NULL);
	(void)data;

	ask(fixture, "GET", shortly);
	wait_answer(fixture);
	g_assert_nonnull(strstr(fixture->text, "\"running\""));
	ask(fixture, "GET", wrong);
	wait_answer(fixture);
	g_assert_error(fixture->error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_timeout_add(100, succeed_soon, operation);
	ask(fixture, "GET", waiting);
	wait_answer(fixture);
	g_assert_nonnull(strstr(fixture->text, "\"succeeded\""));
	g_assert_nonnull(strstr(fixture->text, "{\"n\":5}"));
	g_assert_nonnull(strstr(fixture->text, "\"half\""));
}

static void test_cancel(struct fixture *fixture, gconstpointer data)
{
	struct operation *operation = operation_start(fixture->operations, "build", "phone");
	g_autofree char *path = http_path("/v1/operations/%s", operation_id(operation));
	g_autoptr(GError) error =
	    g_error_new_literal(G_IO_ERROR, G_IO_ERROR_CANCELLED, "cancelled");
	(void)data;

	ask(fixture, "DELETE", path);
	wait_answer(fixture);
	g_assert_true(g_cancellable_is_cancelled(operation_cancellable(operation)));
	operation_fail(operation, error);
	ask(fixture, "GET", path);
	wait_answer(fixture);
	g_assert_nonnull(strstr(fixture->text, "\"state\":\"cancelled\""));
	ask(fixture, "GET", "/v1/operations/none");
	wait_answer(fixture);
	g_assert_error(fixture->error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
}

static void test_bound(struct fixture *fixture, gconstpointer data)
{
	struct operation *running = operation_start(fixture->operations, "long", "x");
	(void)data;

	for (unsigned i = 0; i < 300; i++)
		operation_succeed(operation_start(fixture->operations, "short", "y"), NULL);
	ask(fixture, "GET", "/v1/operations");
	wait_answer(fixture);
	g_autoptr(JsonNode) node = json_parse_object(fixture->text, -1, NULL);
	JsonArray *list = json_object_get_array_member(json_node_get_object(node), "operations");
	g_assert_cmpuint(json_array_get_length(list), ==, 257);
	g_assert_cmpstr(json_object_get_string_member(json_array_get_object_element(list, 0), "id"),
	    ==, operation_id(running));
}

/* A held question when everything ends. */
static void test_freed(struct fixture *fixture, gconstpointer data)
{
	struct operation *operation = operation_start(fixture->operations, "build", "phone");
	g_autofree char *path =
	    g_strdup_printf("/v1/operations/%s?wait_ms=20000", operation_id(operation));
	(void)data;

	ask(fixture, "GET", path);
	for (gint64 until = g_get_monotonic_time() + 200000; g_get_monotonic_time() < until;)
		g_main_context_iteration(NULL, FALSE);
	http_client_free(g_steal_pointer(&fixture->client));
	g_assert_error(fixture->error, QVMI_ERROR, QVMI_ERROR_CANCELLED);
	for (gint64 until = g_get_monotonic_time() + 200000; g_get_monotonic_time() < until;)
		g_main_context_iteration(NULL, FALSE);
}

static void test_metrics(void)
{
	static const double bounds[] = {0.1, 1};
	struct metric *counter = metric_counter("qvmi_test_total", "Tests", "kind");
	struct metric *gauge = metric_gauge("qvmi_test", "Gauge", NULL);
	struct metric *histogram = metric_histogram("qvmi_test_seconds", "Time", bounds, 2);

	for (unsigned i = 0; i < 1000; i++) {
		g_autofree char *value = g_strdup_printf("v%u\"\n", i);
		metric_add(counter, value, 1);
	}
	metric_set(gauge, NULL, 2.5);
	metric_observe(histogram, 0.05);
	metric_observe(histogram, 0.5);
	metric_observe(histogram, 50);
	g_autofree char *text = metrics_text();
	g_assert_nonnull(strstr(text, "# TYPE qvmi_test_total counter\n"));
	g_assert_nonnull(strstr(text, "qvmi_test_total{kind=\"v0\\\"\\n\"} 1\n"));
	g_assert_nonnull(strstr(text, "qvmi_test_total{kind=\"other\"} 936\n"));
	g_assert_null(strstr(text, "v64"));
	g_assert_nonnull(strstr(text, "qvmi_test 2.5\n"));
	g_assert_nonnull(strstr(text, "qvmi_test_seconds_bucket{le=\"1\"} 2\n"));
	g_assert_nonnull(strstr(text, "qvmi_test_seconds_bucket{le=\"+Inf\"} 3\n"));
	g_assert_nonnull(strstr(text, "qvmi_test_seconds_count 3\n"));
}

static char *contents(const char *folder, const char *name)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	char *text = NULL;

	g_assert_true(g_file_get_contents(path, &text, NULL, NULL));
	return text;
}

static void test_pki(void)
{
	static const char *const hosts[] = {"localhost", "::1", NULL};
	static const char *const others[] = {"localhost", "10.0.0.1", NULL};
	static const char *const wrong[] = {"a,DNS:evil.example", NULL};
	g_autoptr(GError) error = NULL;
	g_autofree char *folder = g_dir_make_tmp("qvmi-pki-XXXXXX", NULL);
	g_autofree char *key_file = g_build_filename(folder, "d.key", NULL);
	struct stat status;

	g_assert_false(pki_ensure_certificate(folder, "d", hosts, &error));
	g_clear_error(&error);
	g_assert_true(pki_ensure_authority(folder, &error));
	g_autofree char *ca = contents(folder, "ca.pem");
	g_assert_true(pki_ensure_authority(folder, &error));
	g_autofree char *ca_again = contents(folder, "ca.pem");
	g_assert_cmpstr(ca, ==, ca_again);

	g_assert_true(pki_ensure_certificate(folder, "d", hosts, &error));
	g_assert_cmpint(stat(key_file, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 0777, ==, 0600);
	g_autofree char *one = contents(folder, "d.pem");
	g_assert_true(pki_ensure_certificate(folder, "d", hosts, &error));
	g_autofree char *same = contents(folder, "d.pem");
	g_assert_cmpstr(one, ==, same);
	g_assert_true(pki_ensure_certificate(folder, "d", others, &error));
	g_autofree char *changed = contents(folder, "d.pem");
	g_assert_cmpstr(one, !=, changed);
	g_assert_false(pki_ensure_certificate(folder, "e", wrong, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);

	/* What others make of it. */
	g_autofree char *command = g_strdup_printf(
	    "openssl verify -x509_strict -purpose sslserver -verify_ip 10.0.0.1 -CAfile %s/ca.pem "
	    "%s/d.pem",
	    folder, folder);
	int code;
	g_assert_true(g_spawn_command_line_sync(command, NULL, NULL, &code, NULL));
	g_assert_cmpint(code, ==, 0);
	g_autofree char *clear = g_strdup_printf("rm -r %s", folder);
	g_assert_true(g_spawn_command_line_sync(clear, NULL, NULL, NULL, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name)                                                                                  \
	g_test_add("/operation/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
	ADD(wait);
	ADD(cancel);
	ADD(bound);
	ADD(freed);
	g_test_add_func("/metrics", test_metrics);
	g_test_add_func("/pki", test_pki);
	return g_test_run();
}
