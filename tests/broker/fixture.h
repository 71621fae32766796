/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A whole broker in the test's own process: real records, real TLS with a private CA, a simulated
 * pool on a UNIX socket, and curl in a thread as the terminal. Tests own the clock.
 */
#pragma once

#include <curl/curl.h>
#include <glib/gstdio.h>
#include <json-glib/json-glib.h>
#include <string.h>

#include "broker/account.h"
#include "broker/broker.h"
#include "broker/package.h"
#include "common/database.h"
#include "common/error.h"
#include "common/grant.h"
#include "common/json.h"
#include "common/pki.h"

#define PASSWORD "correct horse battery"
#define HOST_ID "host-7"

/* --- the simulated pool --- */

enum pool_mood { POOL_WILLING, POOL_EXHAUSTED, POOL_AWAY, POOL_NONSENSE };

struct simulated_pool {
	struct http_server *server;
	enum pool_mood mood;
	const char *state;       /* of every phone; NULL: running */
	unsigned away, starting; /* so many answers are 503, "starting" */
	unsigned asked, launched;
	unsigned stream_asked; /* to end a stream */
	char *stream_path;     /* of the last such request: "phone session" */
	bool launch_fails;
	char *application;  /* last launched */
	GHashTable *leases; /* "user pool" -> phone uuid */
};

static JsonNode *simulated_lease(
    const char *user, const char *pool, const char *uuid, const char *state)
{
	g_autofree char *text = g_strdup_printf(
	    "{\"id\":\"lease-1\",\"user\":\"%s\",\"pool\":\"%s\",\"slot\":\"default\",\"phone\":{"
	    "\"uuid\":\"%s\","
	    "\"state\":\"%s\"},\"host\":{\"id\":\"" HOST_ID
	    "\",\"mtp\":{\"address\":\"0.0.0.0\",\"port\":8444,"
	    "\"websocket_port\":8445}},\"since\":\"2026-01-01T00:00:00Z\",\"fresh\":true}",
	    user, pool, uuid, state ? state : "running");
	return json_parse_object(text, -1, NULL);
}

static void simulated_allocate(struct http_request *request, void *data)
{
	struct simulated_pool *pool = data;
	JsonObject *body = http_request_json(request, NULL);
	const char *user = json_object_get_string_member(body, "user");
	const char *name = json_object_get_string_member(body, "pool");
	g_autoptr(GError) error = NULL;
	pool->asked++;
	g_assert_cmpstr(http_request_header(request, "idempotency-key"), !=, NULL);
	if (pool->mood == POOL_EXHAUSTED)
		error = g_error_new(QVMI_ERROR, QVMI_ERROR_EXHAUSTED, "pool is at its max of 2");
	if (pool->mood == POOL_AWAY || pool->away) {
		error = g_error_new(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "host-7 does not answer");
		pool->away -= pool->away ? 1 : 0;
	}
	if (error)
		return http_respond_error(request, error);
	if (pool->mood == POOL_NONSENSE)
		return http_respond_json(request, 200, json_parse_object("{\"id\":7}", -1, NULL));
	g_autofree char *key = g_strconcat(user, " ", name, NULL);
	if (!g_hash_table_contains(pool->leases, key))
		g_hash_table_insert(pool->leases, g_strdup(key), g_uuid_string_random());
	bool running = pool->starting == 0;
	pool->starting -= running ? 0 : 1;
	http_respond_json(request, 201,
	    simulated_lease(user, name, g_hash_table_lookup(pool->leases, key),
	        running ? pool->state : "creating"));
}

static void simulated_find(struct http_request *request, void *data)
{
	struct simulated_pool *pool = data;
	const char *user = http_request_query(request, "user");
	const char *phone = http_request_query(request, "phone");
	JsonArray *leases = json_array_new();
	GHashTableIter iter;
	gpointer key, value;
	g_hash_table_iter_init(&iter, pool->leases);
	while (g_hash_table_iter_next(&iter, &key, &value))
		if (g_str_has_prefix(key, user) && g_str_equal(value, phone))
			json_array_add_element(
			    leases, simulated_lease(user, "phone", phone, pool->state));
	JsonObject *object = json_object_new();
	json_object_set_array_member(object, "leases", leases);
	http_respond_json(request, 200, json_node_of(object));
}

static void simulated_launch(struct http_request *request, void *data)
{
	struct simulated_pool *pool = data;
	JsonObject *body = http_request_json(request, NULL);
	pool->launched++;
	g_free(pool->application);
	pool->application = g_strdup(json_object_get_string_member(body, "id"));
	if (!pool->launch_fails)
		return http_respond_empty(request, 204);
	g_autoptr(GError) error =
	    g_error_new(QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "no such application");
	http_respond_error(request, error);
}

static void simulated_end_stream(struct http_request *request, void *data)
{
	struct simulated_pool *pool = data;
	pool->stream_asked++;
	g_free(pool->stream_path);
	pool->stream_path = g_strdup_printf("%s %s", http_request_parameter(request, "uuid"),
	    http_request_parameter(request, "session"));
	if (pool->mood != POOL_AWAY)
		return http_respond_empty(request, 204);
	g_autoptr(GError) error =
	    g_error_new(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "host-7 does not answer");
	http_respond_error(request, error);
}

static const struct http_route simulated_routes[] = {
    {.method = "POST", .pattern = "/v1/leases", .handler = simulated_allocate},
    {.method = "GET", .pattern = "/v1/leases", .handler = simulated_find},
    {.method = "POST", .pattern = "/v1/phones/{uuid}/applications", .handler = simulated_launch},
    {.method = "DELETE",
        .pattern = "/v1/phones/{uuid}/sessions/{session}",
        .handler = simulated_end_stream},
    {.method = NULL},
};

/* --- the fixture --- */

struct fixture {
	char *folder, *ca, *admin_socket;
	struct simulated_pool pool;
	struct broker *broker;
	uint16_t port;
	struct grant_key *public_key;
	const char *factor; /* who needs a second one after a password; NULL: nobody */
	const struct federation_settings *federation; /* NULL: none */
};

static int64_t fixture_time; /* seconds; the clock of every broker in this test */

static inline int64_t fixture_clock(void)
{
	return fixture_time;
}

static inline char *fixture_path(const struct fixture *f, const char *name)
{
	return g_build_filename(f->folder, name, NULL);
}

static inline void fixture_start(struct fixture *f, uint32_t memory_kib)
{
	GError *error = NULL;
	g_autofree char *pool_socket = fixture_path(f, "pool.sock");
	g_autofree char *url = g_strconcat("unix:", pool_socket, NULL);
	g_autofree char *database = fixture_path(f, "broker.db");
	g_autofree char *private_key = fixture_path(f, "grant.key");
	g_autofree char *certificate = fixture_path(f, "tls/terminal.pem");
	g_autofree char *key = fixture_path(f, "tls/terminal.key");
	g_autofree char *secret_key = fixture_path(f, "second-factor.key");
	g_autofree char *web = fixture_path(f, "web");
	struct broker_options options = {
	    .database_path = database,
	    .grant_private_key = private_key,
	    .authenticator = "local",
	    .pool = {.base_url = url, .name = "simulated pool"},
	    .web_folder = web,
	    .web_connect = "wss:",
	    .factor_after_password = f->factor,
	    .federation = f->federation,
	    .secret_key_path = secret_key,
	    .token_lifetime_s = 3600,
	    .grant_lifetime_s = 30,
	    .password_cost = {.memory_kib = memory_kib, .passes = 1},
	    .password_threads = 2,
	    .password_queue = 8,
	    .clock = fixture_clock,
	};
	f->broker = broker_new(&options, &error);
	g_assert_no_error(error);
	struct http_listen tls = {
	    .address = "127.0.0.1", .certificate_file = certificate, .key_file = key};
	struct http_listen admin = {.unix_path = f->admin_socket};
	http_server_listen(f->broker->server, &tls, &error);
	g_assert_no_error(error);
	http_server_listen(f->broker->server, &admin, &error);
	g_assert_no_error(error);
	f->port = http_server_port(f->broker->server, "127.0.0.1");
}

static inline void fixture_init(struct fixture *f, uint32_t memory_kib)
{
	GError *error = NULL;
	*f = (struct fixture){0};
	fixture_time = 1800000000;
	f->folder = g_dir_make_tmp("qvmi-broker-XXXXXX", &error);
	g_assert_no_error(error);
	f->admin_socket = fixture_path(f, "broker.sock");
	g_autofree char *tls = fixture_path(f, "tls");
	g_autofree char *web = fixture_path(f, "web");
	g_autofree char *page = fixture_path(f, "web/index.html");
	g_autofree char *private_key = fixture_path(f, "grant.key");
	g_autofree char *public_key = fixture_path(f, "grant.pub");
	g_autofree char *pool_socket = fixture_path(f, "pool.sock");
	const char *const hosts[] = {"127.0.0.1", "localhost", NULL};
	g_mkdir(tls, 0700);
	g_mkdir(web, 0700);
	g_file_set_contents(page, "<!doctype html><title>page</title>", -1, NULL);
	g_autofree char *secret_key = fixture_path(f, "second-factor.key");
	g_file_set_contents_full(secret_key, "0123456789abcdef0123456789abcdef", 32,
	    G_FILE_SET_CONTENTS_NONE, 0600, NULL);
	pki_ensure_authority(tls, &error);
	g_assert_no_error(error);
	pki_ensure_certificate(tls, "terminal", hosts, &error);
	g_assert_no_error(error);
	f->ca = fixture_path(f, "tls/ca.pem");
	grant_key_generate(private_key, public_key, &error);
	g_assert_no_error(error);
	f->public_key = grant_key_load(public_key, false, &error);
	g_assert_no_error(error);
	f->pool.leases = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, g_free);
	f->pool.server = http_server_new(simulated_routes, &f->pool);
	struct http_listen listen = {.unix_path = pool_socket};
	http_server_listen(f->pool.server, &listen, &error);
	g_assert_no_error(error);
	fixture_start(f, memory_kib);
}

static inline void remove_tree(const char *path)
{
	const char *name;
	g_autoptr(GDir) folder = g_dir_open(path, 0, NULL);
	while (folder && (name = g_dir_read_name(folder))) {
		g_autofree char *child = g_build_filename(path, name, NULL);
		remove_tree(child);
	}
	g_remove(path);
}

static inline void fixture_finish(struct fixture *f)
{
	broker_free(f->broker);
	http_server_free(f->pool.server);
	g_hash_table_destroy(f->pool.leases);
	g_free(f->pool.application);
	g_free(f->pool.stream_path);
	grant_key_free(f->public_key);
	remove_tree(f->folder);
	g_free(f->folder);
	g_free(f->ca);
	g_free(f->admin_socket);
}

/* --- asking --- */

struct reply {
	long status;
	GString *body, *headers;
	JsonNode *json;
	double seconds;
};

struct question {
	const char *method, *path, *body;
	const char *headers[8]; /* "name: value" */
	const char *type;       /* default application/json */
	bool admin_socket;
};

struct asking {
	const struct fixture *fixture;
	const struct question *question;
	struct reply *reply;
	gint done;
};

static inline size_t collect(char *bytes, size_t size, size_t n, void *string)
{
	g_string_append_len(string, bytes, (gssize)(size * n));
	return size * n;
}

static inline void *perform(void *data)
{
	struct asking *asking = data;
	const struct question *q = asking->question;
	CURL *curl = curl_easy_init();
	g_autofree char *url =
	    g_strdup_printf("https://127.0.0.1:%u%s", asking->fixture->port, q->path);
	g_autofree char *admin = g_strconcat("http://admin", q->path, NULL);
	g_autofree char *type =
	    g_strconcat("Content-Type: ", q->type ? q->type : "application/json", NULL);
	struct curl_slist *headers = curl_slist_append(NULL, type);
	headers = curl_slist_append(headers, "Expect:");
	for (unsigned i = 0; i < G_N_ELEMENTS(q->headers) && q->headers[i]; i++)
		headers = curl_slist_append(headers, q->headers[i]);
	curl_easy_setopt(curl, CURLOPT_URL, q->admin_socket ? admin : url);
	if (q->admin_socket)
		curl_easy_setopt(curl, CURLOPT_UNIX_SOCKET_PATH, asking->fixture->admin_socket);
	curl_easy_setopt(curl, CURLOPT_CAINFO, asking->fixture->ca);
	curl_easy_setopt(curl, CURLOPT_CUSTOMREQUEST, q->method);
	curl_easy_setopt(curl, CURLOPT_HTTPHEADER, headers);
	curl_easy_setopt(curl, CURLOPT_PATH_AS_IS, 1L);
	curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
	curl_easy_setopt(curl, CURLOPT_TIMEOUT, 60L);
	curl_easy_setopt(curl, CURLOPT_PROXY, "");
	if (q->body) {
		curl_easy_setopt(curl, CURLOPT_POSTFIELDS, q->body);
		curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE, (long)strlen(q->body));
	}
	curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, collect);
	curl_easy_setopt(curl, CURLOPT_WRITEDATA, asking->reply->body);
	curl_easy_setopt(curl, CURLOPT_HEADERFUNCTION, collect);
	curl_easy_setopt(curl, CURLOPT_HEADERDATA, asking->reply->headers);
	CURLcode code = curl_easy_perform(curl);
	if (code != CURLE_OK)
		g_test_message("curl: %s", curl_easy_strerror(code));
	curl_easy_getinfo(curl, CURLINFO_RESPONSE_CODE, &asking->reply->status);
	curl_easy_getinfo(curl, CURLINFO_TOTAL_TIME, &asking->reply->seconds);
	curl_slist_free_all(headers);
	curl_easy_cleanup(curl);
	g_atomic_int_set(&asking->done, 1);
	g_main_context_wakeup(NULL);
	return NULL;
}

static inline void reply_free(struct reply *reply)
{
	g_string_free(reply->body, TRUE);
	g_string_free(reply->headers, TRUE);
	g_clear_pointer(&reply->json, json_node_unref);
	g_free(reply);
}
DEFINE_CLEANUP(reply);

/* Status 0: no answer came. */
static inline struct reply *ask(const struct fixture *f, const struct question *question)
{
	struct reply *reply = g_new0(struct reply, 1);
	reply->body = g_string_new(NULL);
	reply->headers = g_string_new(NULL);
	struct asking asking = {.fixture = f, .question = question, .reply = reply};
	GThread *thread = g_thread_new("terminal", perform, &asking);
	while (!g_atomic_int_get(&asking.done))
		g_main_context_iteration(NULL, TRUE);
	g_thread_join(thread);
	reply->json = json_parse_object(reply->body->str, (gssize)reply->body->len, NULL);
	return reply;
}

static inline const char *member(const struct reply *reply, const char *name)
{
	g_assert_nonnull(reply->json);
	return json_object_get_string_member_with_default(
	    json_node_get_object(reply->json), name, NULL);
}

/* The value of a header, NULL if it is not there. Caller frees. */
static inline char *header(const struct reply *reply, const char *name)
{
	g_auto(GStrv) lines = g_strsplit(reply->headers->str, "\r\n", 0);
	for (char **line = lines; *line; line++) {
		size_t n = strlen(name);
		if (g_ascii_strncasecmp(*line, name, n) == 0 && (*line)[n] == ':')
			return g_strdup(g_strstrip(*line + n + 1));
	}
	return NULL;
}

/* As an administrator would: over the admin socket. */
static inline long admin_do(
    const struct fixture *f, const char *method, const char *path, const char *body)
{
	struct question question = {
	    .method = method, .path = path, .body = body, .admin_socket = true};
	AUTO(reply) reply = ask(f, &question);
	return reply->status;
}

static inline void fixture_add_user(const struct fixture *f, const char *name, bool admin)
{
	g_autofree char *body =
	    g_strdup_printf("{\"name\":\"%s\",\"password\":\"" PASSWORD "\",\"admin\":%s}", name,
	        admin ? "true" : "false");
	g_assert_cmpint(admin_do(f, "POST", "/v1/users", body), ==, 201);
}

static inline struct reply *sign_in(const struct fixture *f, const char *user, const char *password)
{
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "user", user);
	json_object_set_string_member(object, "password", password);
	JsonNode *node = json_node_of(object);
	g_autofree char *body = json_text(node);
	json_node_unref(node);
	struct question question = {.method = "POST", .path = "/v1/login", .body = body};
	return ask(f, &question);
}

/* "Authorization: Bearer ..." of a user who signs in now. Caller frees. */
static inline char *bearer(const struct fixture *f, const char *user)
{
	AUTO(reply) reply = sign_in(f, user, PASSWORD);
	g_assert_cmpint(reply->status, ==, 200);
	return g_strconcat("Authorization: Bearer ", member(reply, "token"), NULL);
}

static inline struct reply *ask_as(const struct fixture *f, const char *authorization,
    const char *method, const char *path, const char *body)
{
	struct question question = {
	    .method = method, .path = path, .body = body, .headers = {authorization}};
	return ask(f, &question);
}
