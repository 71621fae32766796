/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The API through its socket, in front of a simulated host. */
#include "common/http_client.h"
#include "pool/api.h"
#include "tests/pool/stage.h"

struct api {
	struct stage s;
	struct http_server *server;
	struct http_client *client;
	/* of the last call */
	bool done;
	unsigned status;
	JsonNode *json;
	GBytes *bytes;
	GError *error;
};

static void up(struct api *a, int ready, int max)
{
	g_autofree char *path = NULL, *url = NULL;
	g_autoptr(GError) error = NULL;

	*a = (struct api){0};
	stage_up(&a->s, ready, max, true);
	path = g_build_filename(a->s.folder, "poold.sock", NULL);
	url = g_strconcat("unix:", path, NULL);
	a->server = http_server_new(api_routes, a->s.m);
	http_server_listen(a->server, &(struct http_listen){.unix_path = path}, &error);
	g_assert_no_error(error);
	a->client = http_client_new(
	    &(struct http_client_options){.base_url = url, .name = "poold"}, &error);
	g_assert_no_error(error);
}

static void forget(struct api *a)
{
	g_clear_pointer(&a->json, json_node_unref);
	g_clear_pointer(&a->bytes, g_bytes_unref);
	g_clear_error(&a->error);
	a->done = false;
	a->status = 0;
}

static void down(struct api *a)
{
	g_autofree char *path = g_build_filename(a->s.folder, "poold.sock", NULL);

	forget(a);
	http_client_free(a->client);
	http_server_free(a->server);
	unlink(path);
	stage_down(&a->s);
}

static void replied(const struct http_reply *reply, const GError *error, void *data)
{
	struct api *a = data;

	a->done = true;
	a->error = error ? g_error_copy(error) : NULL;
	a->status = reply ? reply->status : 0;
	a->json = reply && reply->json ? json_node_ref(reply->json) : NULL;
	a->bytes = reply && reply->bytes ? g_bytes_ref(reply->bytes) : NULL;
}

static JsonObject *call(
    struct api *a, const char *method, const char *path, const char *body, const char *key)
{
	forget(a);
	http_client_call(a->client,
	    &(struct http_call){.method = method,
	        .path = path,
	        .body = body ? json_parse_object(body, -1, NULL) : NULL,
	        .idempotency_key = key},
	    NULL, replied, a);
	run_until(a->done);
	return a->json && JSON_NODE_HOLDS_OBJECT(a->json) ? json_node_get_object(a->json) : NULL;
}

static void check_error(
    struct api *a, const char *method, const char *path, const char *body, int code)
{
	call(a, method, path, body, NULL);
	if (!a->error || a->error->code != code)
		g_error("%s %s: %s, not error %d", method, path,
		    a->error ? a->error->message : "no error", code);
	g_assert_cmpuint(strlen(a->error->message), >, 10);
}

static const char *text(JsonObject *object, const char *member)
{
	g_assert_nonnull(object);
	return json_object_get_string_member(object, member);
}

static void test_lease(void)
{
	struct api a;
	JsonObject *lease;
	g_autofree char *id = NULL, *uuid = NULL, *path = NULL;

	up(&a, 1, 4);
	lease = call(&a, "POST", "/v1/leases", "{\"user\":\"ann\",\"pool\":\"p\"}", "k");
	g_assert_no_error(a.error);
	g_assert_cmpuint(a.status, ==, 201);
	g_assert_true(json_object_get_boolean_member(lease, "fresh"));
	g_assert_cmpstr(text(lease, "slot"), ==, "default");
	id = g_strdup(text(lease, "id"));
	uuid = g_strdup(text(json_object_get_object_member(lease, "phone"), "uuid"));
	lease = json_object_get_object_member(lease, "host");
	g_assert_cmpint(json_object_get_int_member(
	                    json_object_get_object_member(lease, "mtp"), "websocket_port"),
	    ==, 2);
	lease = call(&a, "POST", "/v1/leases", "{\"user\":\"ann\",\"pool\":\"p\"}", "k");
	g_assert_cmpuint(a.status, ==, 200);
	g_assert_cmpstr(text(lease, "id"), ==, id);
	lease = call(&a, "GET", "/v1/leases?user=ann", NULL, NULL);
	g_assert_cmpuint(
	    json_array_get_length(json_object_get_array_member(lease, "leases")), ==, 1);
	lease = call(&a, "GET", "/v1/leases?user=bob", NULL, NULL);
	g_assert_cmpuint(
	    json_array_get_length(json_object_get_array_member(lease, "leases")), ==, 0);
	path = g_strdup_printf("/v1/leases/%s", id);
	call(&a, "DELETE", path, NULL, NULL);
	g_assert_cmpuint(a.status, ==, 204);
	g_assert_false(g_hash_table_contains(a.s.hosts[0]->phones, uuid));
	check_error(&a, "DELETE", path, NULL, QVMI_ERROR_CONFLICT);
	lease = call(&a, "GET", path, NULL, NULL);
	g_assert_nonnull(text(lease, "ended"));
	lease = call(&a, "GET", "/v1/orders", NULL, NULL);
	lease = json_array_get_object_element(json_object_get_array_member(lease, "orders"), 0);
	g_assert_cmpstr(text(lease, "phone"), ==, uuid);
	g_assert_true(g_str_has_prefix(text(lease, "who"), "uid "));
	down(&a);
}

static void test_lists(void)
{
	struct api a;
	JsonObject *page;
	JsonArray *phones;
	g_autofree char *next = NULL, *path = NULL;

	up(&a, 3, 4);
	run_until(ready_phones(&a.s) == 3);
	page = call(&a, "GET", "/v1/phones?limit=2", NULL, NULL);
	g_assert_cmpuint(
	    json_array_get_length(json_object_get_array_member(page, "phones")), ==, 2);
	next = g_strdup(text(page, "next"));
	path = g_strdup_printf("/v1/phones?limit=2&after=%s", next);
	page = call(&a, "GET", path, NULL, NULL);
	phones = json_object_get_array_member(page, "phones");
	g_assert_cmpuint(json_array_get_length(phones), ==, 1);
	g_assert_false(json_object_has_member(page, "next"));
	g_assert_cmpstr(text(json_array_get_object_element(phones, 0), "uuid"), >, next);
	page = call(&a, "GET", "/v1/phones?state=off", NULL, NULL);
	g_assert_cmpuint(
	    json_array_get_length(json_object_get_array_member(page, "phones")), ==, 0);
	page = call(&a, "GET", "/v1/phones?state=ready&pool=p&host=host-1", NULL, NULL);
	g_assert_cmpuint(
	    json_array_get_length(json_object_get_array_member(page, "phones")), ==, 3);
	simulated_host_add(a.s.hosts[0], "01234567-89ab-4cde-8f01-23456789abcd", NULL);
	run_until(manager_find_phone(a.s.m, "01234567-89ab-4cde-8f01-23456789abcd"));
	page = call(&a, "GET", "/v1/phones?state=foreign", NULL, NULL);
	g_assert_cmpuint(
	    json_array_get_length(json_object_get_array_member(page, "phones")), ==, 1);
	page = call(&a, "GET", "/v1/pools/p", NULL, NULL);
	g_assert_cmpint(json_object_get_int_member(page, "ready_now"), ==, 3);
	page = call(&a, "GET", "/v1/templates", NULL, NULL);
	page = json_array_get_object_element(json_object_get_array_member(page, "templates"), 0);
	g_assert_cmpstr(text(page, "host"), ==, "host-1");
	page = call(&a, "GET", "/v1/status", NULL, NULL);
	g_assert_cmpint(
	    json_object_get_int_member(json_object_get_object_member(page, "phones"), "ready"), ==,
	    3);
	/* By order, a stranger goes as well. */
	call(&a, "DELETE", "/v1/phones/01234567-89ab-4cde-8f01-23456789abcd", NULL, NULL);
	g_assert_cmpuint(a.status, ==, 204);
	g_assert_cmpuint(g_hash_table_size(a.s.hosts[0]->phones), ==, 3);
	down(&a);
}

static void test_phone(void)
{
	struct api a;
	JsonObject *phone;
	g_autofree char *uuid = NULL, *path = NULL, *stop = NULL, *start = NULL, *one = NULL;

	up(&a, 0, 4);
	run_until(manager_host(a.s.m, "host-1", NULL)->reachable);
	phone = call(&a, "POST", "/v1/phones", "{\"template\":\"phone\",\"name\":\"mine\"}", "k");
	g_assert_no_error(a.error);
	g_assert_cmpuint(a.status, ==, 201);
	uuid = g_strdup(text(phone, "uuid"));
	g_assert_cmpstr(text(phone, "use"), ==, "manual");
	phone = call(&a, "POST", "/v1/phones", "{\"template\":\"phone\",\"name\":\"mine\"}", "k");
	g_assert_cmpstr(text(phone, "uuid"), ==, uuid);
	g_assert_cmpstr(text(phone, "name"), ==, "mine");
	g_assert_cmpuint(a.s.hosts[0]->creations, ==, 1);
	path = g_strdup_printf("/v1/phones/%s", uuid);
	stop = g_strdup_printf("%s/stop", path);
	start = g_strdup_printf("%s/start", path);
	one = g_strdup_printf("%s/thumbnail", path);
	phone = call(&a, "POST", stop, "{\"force\":true}", NULL);
	g_assert_cmpstr(text(phone, "state"), ==, "off");
	phone = call(&a, "POST", start, NULL, NULL);
	g_assert_cmpstr(text(phone, "state"), ==, "running");
	check_error(&a, "GET", one, NULL, QVMI_ERROR_UNAVAILABLE); /* no mtpd_url */
	call(&a, "DELETE", path, NULL, NULL);
	g_assert_cmpuint(a.status, ==, 204);
	check_error(&a, "GET", path, NULL, QVMI_ERROR_NOT_FOUND);
	check_error(&a, "POST", start, NULL, QVMI_ERROR_NOT_FOUND);
	down(&a);
}

static void test_bad_input(void)
{
	static const struct {
		const char *method, *path, *body;
		int code;
	} cases[] = {
	    {"GET", "/v1/phones/00000000-0000-4000-8000-000000000000", NULL, QVMI_ERROR_NOT_FOUND},
	    {"GET", "/v1/phones/nonsense", NULL, QVMI_ERROR_INVALID},
	    {"GET", "/v1/phones?limit=0", NULL, QVMI_ERROR_INVALID},
	    {"GET", "/v1/phones?limit=x", NULL, QVMI_ERROR_INVALID},
	    {"POST", "/v1/phones", "{}", QVMI_ERROR_INVALID},
	    {"POST", "/v1/phones", "{\"pool\":\"p\",\"template\":\"phone\"}", QVMI_ERROR_INVALID},
	    {"POST", "/v1/phones", "{\"pool\":\"none\"}", QVMI_ERROR_NOT_FOUND},
	    {"POST", "/v1/phones", "{\"template\":\"none\"}", QVMI_ERROR_UNAVAILABLE},
	    {"POST", "/v1/phones", "{\"template\":\"phone\",\"host\":\"none\"}",
	        QVMI_ERROR_NOT_FOUND},
	    {"POST", "/v1/leases", "{}", QVMI_ERROR_INVALID},
	    {"POST", "/v1/leases", "{\"user\":\"a\\nb\",\"pool\":\"p\"}", QVMI_ERROR_INVALID},
	    {"POST", "/v1/leases", "{\"user\":\"a\",\"pool\":\"../p\"}", QVMI_ERROR_INVALID},
	    {"POST", "/v1/leases", "{\"user\":\"a\",\"pool\":\"none\"}", QVMI_ERROR_NOT_FOUND},
	    {"POST", "/v1/leases", "{\"user\":\"a\",\"pool\":\"p\",\"slot\":5}",
	        QVMI_ERROR_INVALID},
	    {"GET", "/v1/leases/none", NULL, QVMI_ERROR_NOT_FOUND},
	    {"DELETE", "/v1/leases/none", NULL, QVMI_ERROR_NOT_FOUND},
	    {"GET", "/v1/leases?ended=perhaps", NULL, QVMI_ERROR_INVALID},
	    {"POST", "/v1/hosts", "{\"id\":\"x\"}", QVMI_ERROR_INVALID},
	    {"GET", "/v1/hosts/none", NULL, QVMI_ERROR_NOT_FOUND},
	    {"DELETE", "/v1/hosts/none", NULL, QVMI_ERROR_NOT_FOUND},
	    {"GET", "/v1/hosts/none/performance", NULL, QVMI_ERROR_NOT_FOUND},
	    {"POST", "/v1/pools", "{\"name\":\"q\"}", QVMI_ERROR_INVALID},
	    {"PATCH", "/v1/pools/none", "{\"ready\":1}", QVMI_ERROR_NOT_FOUND},
	    {"PATCH", "/v1/pools/p", "{\"ready\":99}", QVMI_ERROR_INVALID},
	    {"PATCH", "/v1/pools/p", "{\"colour\":1}", QVMI_ERROR_INVALID},
	    {"DELETE", "/v1/pools/none", NULL, QVMI_ERROR_NOT_FOUND},
	    {"POST", "/v1/templates", "{\"host\":\"none\",\"manifest\":\"/x\"}",
	        QVMI_ERROR_NOT_FOUND},
	    {"GET", "/v1/operations/none", NULL, QVMI_ERROR_NOT_FOUND},
	    {"GET", "/v1/operations/none:1", NULL, QVMI_ERROR_NOT_FOUND},
	    {"GET", "/v1/operations/host-1:1?wait_ms=-1", NULL, QVMI_ERROR_INVALID},
	    {"GET", "/v1/orders?before=x", NULL, QVMI_ERROR_INVALID},
	};
	struct api a;

	up(&a, 0, 4);
	run_until(manager_host(a.s.m, "host-1", NULL)->reachable);
	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++)
		check_error(&a, cases[i].method, cases[i].path, cases[i].body, cases[i].code);
	g_assert_cmpuint(a.s.hosts[0]->creations, ==, 0);
	down(&a);
}

/* The page is served, and names every route that there is. */
static void test_openapi(void)
{
	struct api a;
	g_autofree char *page = NULL;
	gsize n;

	up(&a, 0, 4);
	call(&a, "GET", "/v1/openapi.yaml", NULL, NULL);
	g_assert_no_error(a.error);
	g_assert_nonnull(a.bytes);
	const char *bytes = g_bytes_get_data(a.bytes, &n);

	page = g_strndup(bytes, n);
	g_assert_true(g_str_has_prefix(page, "openapi: 3.1"));
	for (const struct http_route *r = api_routes; r->method; r++) {
		g_autofree char *line = g_strdup_printf("\n  %s:\n", r->pattern);
		g_autofree char *method = g_ascii_strdown(r->method, -1);
		g_autofree char *verb = g_strdup_printf("\n    %s:", method);
		const char *at = strstr(page, line), *end;

		if (!at)
			g_error("openapi.yaml has no %s", r->pattern);
		end = strstr(at + 1, "\n  /");
		at = strstr(at, verb);
		if (!at || (end && at > end))
			g_error("openapi.yaml has no %s %s", r->method, r->pattern);
	}
	down(&a);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK); /* warnings are expected */
	g_test_add_func("/pool/api/lease", test_lease);
	g_test_add_func("/pool/api/lists", test_lists);
	g_test_add_func("/pool/api/phone", test_phone);
	g_test_add_func("/pool/api/bad-input", test_bad_input);
	g_test_add_func("/pool/api/openapi", test_openapi);
	return g_test_run();
}
