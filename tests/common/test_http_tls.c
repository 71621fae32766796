/* SPDX-License-Identifier: GPL-2.0-or-later */
/* TLS and mutual TLS; what cannot be listened on. */
#include "tests/common/http_fixture.h"

static void on_ended(GObject *process, GAsyncResult *result, void *ended)
{
	*(bool *)ended = g_subprocess_wait_finish(G_SUBPROCESS(process), result, NULL);
}

static void test_tls(struct fixture *fixture, gconstpointer data)
{
	static const char *const hosts[] = {"127.0.0.1", "localhost", NULL};
	g_autoptr(GError) error = NULL;
	struct result result = {0};
	(void)data;

	g_assert_true(pki_ensure_authority(fixture->folder, &error));
	g_assert_true(pki_ensure_certificate(fixture->folder, "server", hosts, &error));
	g_assert_true(pki_ensure_certificate(fixture->folder, "poold", NULL, &error));
	g_autofree char *ca = g_build_filename(fixture->folder, "ca.pem", NULL);
	g_autofree char *certificate = g_build_filename(fixture->folder, "server.pem", NULL);
	g_autofree char *key = g_build_filename(fixture->folder, "server.key", NULL);
	g_autofree char *own = g_build_filename(fixture->folder, "poold.pem", NULL);
	g_autofree char *own_key = g_build_filename(fixture->folder, "poold.key", NULL);

	struct http_listen listen = {
	    .address = "127.0.0.1", .certificate_file = certificate, .key_file = key};
	g_assert_true(http_server_listen(fixture->server, &listen, &error));
	g_assert_no_error(error);
	unsigned port = http_server_port(fixture->server, "127.0.0.1");

	g_autofree char *url = g_strdup_printf("https://127.0.0.1:%u", port);
	struct http_client_options options = {.base_url = url, .ca_file = ca};
	struct http_client *client = client_new(&options);
	for (unsigned i = 0; i < 3; i++) {
		call(client, "POST", "/v1/echo", "{}", &result);
		g_assert_no_error(result.error);
		g_assert_cmpstr(fixture->last_peer, ==, "1 -");
	}
	call(client, "GET", "/v1/large", NULL, &result);
	g_assert_no_error(result.error);
	g_assert_cmpuint(g_bytes_get_size(result.bytes), ==, 5000000);
	http_client_free(client);

	/* Not our authority. */
	options.ca_file = "/etc/ssl/certs/ca-certificates.crt";
	client = client_new(&options);
	call(client, "POST", "/v1/echo", "{}", &result);
	g_assert_error(result.error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
	http_client_free(client);

	/* Mutual: without a certificate, with one. */
	const char *second_hosts[] = {"127.0.0.2", NULL};
	g_assert_true(pki_ensure_certificate(fixture->folder, "server", second_hosts, &error));
	listen.address = "127.0.0.2";
	listen.client_ca_file = ca;
	g_assert_true(http_server_listen(fixture->server, &listen, &error));
	unsigned mutual_port = http_server_port(fixture->server, "127.0.0.2");
	g_autofree char *mutual_url = g_strdup_printf("https://127.0.0.2:%u", mutual_port);
	options = (struct http_client_options){.base_url = mutual_url, .ca_file = ca};
	client = client_new(&options);
	call(client, "POST", "/v1/echo", "{}", &result);
	g_assert_error(result.error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
	http_client_free(client);
	options.certificate_file = own;
	options.key_file = own_key;
	client = client_new(&options);
	for (unsigned i = 0; i < 2; i++) {
		call(client, "POST", "/v1/echo", "{}", &result);
		g_assert_no_error(result.error);
		g_assert_cmpstr(fixture->last_peer, ==, "2 poold");
	}
	http_client_free(client);
	result_clear(&result);

	/* A certificate of the same name, of another authority. */
	g_autofree char *other = g_build_filename(fixture->folder, "other", NULL);
	g_autofree char *forged = g_build_filename(other, "poold.pem", NULL);
	g_autofree char *forged_key = g_build_filename(other, "poold.key", NULL);
	g_assert_cmpint(g_mkdir(other, 0700), ==, 0);
	g_assert_true(pki_ensure_authority(other, &error));
	g_assert_true(pki_ensure_certificate(other, "poold", NULL, &error));
	options.certificate_file = forged;
	options.key_file = forged_key;
	client = client_new(&options);
	call(client, "POST", "/v1/echo", "{}", &result);
	g_assert_error(result.error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
	http_client_free(client);
	result_clear(&result);

	/* An old TLS, and something that is no TLS. */
	g_autofree char *old = g_strdup_printf(
	    "curl -s --tls-max 1.2 -k -m 60 https://127.0.0.2:%u/healthz", mutual_port);
	g_autoptr(GSubprocess) process =
	    g_subprocess_new(G_SUBPROCESS_FLAGS_STDOUT_SILENCE, &error, "sh", "-c", old, NULL);
	g_assert_no_error(error);
	bool ended = false;
	g_subprocess_wait_async(process, NULL, on_ended, &ended);
	while (!ended)
		g_main_context_iteration(NULL, TRUE);
	g_assert_cmpint(
	    g_subprocess_get_exit_status(process), ==, 35); /* CURLE_SSL_CONNECT_ERROR */
}

static void test_listen_errors(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	AUTO(http_server) second = http_server_new(routes, fixture);
	struct http_listen listen = {.unix_path = fixture->unix_path};
	(void)data;

	g_assert_false(http_server_listen(second, &listen, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT);
	g_clear_error(&error);

	listen = (struct http_listen){.address = "0.0.0.0"};
	g_assert_false(http_server_listen(second, &listen, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_clear_error(&error);

	listen = (struct http_listen){.address = "127.0.0.1"};
	g_assert_true(http_server_listen(fixture->server, &listen, &error));
	listen.port = http_server_port(fixture->server, "127.0.0.1");
	g_assert_cmpuint(listen.port, >, 0);
	g_assert_false(http_server_listen(second, &listen, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT);
	g_clear_error(&error);

	listen = (struct http_listen){.address = "127.0.0.1",
	    .certificate_file = "/nonexistent.pem",
	    .key_file = "/nonexistent.key"};
	g_assert_false(http_server_listen(second, &listen, &error));
	g_assert_nonnull(strstr(error->message, "/nonexistent.pem"));
	g_clear_error(&error);

	/* A stale socket file is replaced, another file is not. */
	g_autofree char *stale = g_build_filename(fixture->folder, "stale", NULL);
	close(unix_socket_listen(stale, SOCK_STREAM, 0600, &error));
	listen = (struct http_listen){.unix_path = stale};
	g_assert_true(http_server_listen(second, &listen, &error));
	g_autofree char *file = g_build_filename(fixture->folder, "file", NULL);
	g_assert_true(file_store(file, "x", 1, 0600, NULL));
	listen.unix_path = file;
	g_assert_false(http_server_listen(second, &listen, &error));
	g_assert_true(g_file_test(file, G_FILE_TEST_EXISTS));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD(tls);
	ADD(listen_errors);
	return g_test_run();
}
