/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a whole broker writes into its audit log, and what it does when it can not. */
#include "common/audit_head.h"
#include "tests/broker/fixture.h"

static void setup(struct fixture *f, gconstpointer data)
{
	(void)data;
	fixture_init(f, 64);
}

static void teardown(struct fixture *f, gconstpointer data)
{
	(void)data;
	fixture_finish(f);
}

/* The texts of all records, a line each. */
static char *log_text(struct fixture *f, const char *query)
{
	g_autofree char *path = g_strconcat("/v1/audit", query, NULL);
	struct question question = {.method = "GET", .path = path, .admin_socket = true};
	AUTO(reply) reply = ask(f, &question);
	g_assert_cmpint(reply->status, ==, 200);
	JsonArray *records =
	    json_object_get_array_member(json_node_get_object(reply->json), "records");
	g_autoptr(GString) text = g_string_new(NULL);
	for (unsigned i = 0; i < json_array_get_length(records); i++)
		g_string_append_printf(text, "%s\n",
		    json_object_get_string_member(
		        json_array_get_object_element(records, i), "text"));
	return g_strdup(text->str);
}

static void says(const char *text, const char *what, bool expected)
{
	if ((strstr(text, what) != NULL) != expected)
		g_error("%s: \"%s\" in\n%s", expected ? "missing" : "unwanted", what, text);
}

static void test_records(struct fixture *f, gconstpointer data)
{
	(void)data;
	fixture_add_user(f, "alice", false);
	AUTO(reply) wrong = sign_in(f, "alice", "something else");
	AUTO(reply) nobody = sign_in(f, "my password by mistake", "x");
	g_assert_cmpint(wrong->status, ==, 401);
	g_assert_cmpint(nobody->status, ==, 401);
	g_autofree char *alice = bearer(f, "alice");
	AUTO(reply) denied = ask_as(f, alice, "DELETE", "/v1/users/alice", NULL);
	g_assert_cmpint(denied->status, ==, 403);
	AUTO(reply) stranger = ask_as(f, NULL, "DELETE", "/v1/users/alice", NULL);
	g_assert_cmpint(stranger->status, ==, 401);
	g_assert_cmpint(
	    admin_do(f, "POST", "/v1/packages/none/grants", "{\"user\":\"alice\"}"), ==, 404);

	g_autofree char *text = log_text(f, "");
	says(text,
	    "\"who\":\"the operator\",\"from\":\"local\",\"action\":\"POST /v1/users\",\"target\":"
	    "\"alice\",\"outcome\":\"asked\",\"detail\":{\"admin\":false}",
	    true);
	says(text, "\"target\":\"alice\",\"outcome\":\"done\"", true);
	says(text,
	    "\"who\":\"alice\",\"from\":\"127.0.0.1\",\"action\":\"POST "
	    "/v1/login\",\"outcome\":\"refused\"",
	    true);
	says(text, "\"from\":\"127.0.0.1\",\"action\":\"POST /v1/login\",\"outcome\":\"refused\"",
	    true);
	says(text,
	    "\"who\":\"alice\",\"from\":\"127.0.0.1\",\"action\":\"POST "
	    "/v1/login\",\"outcome\":\"done\"",
	    true);
	says(text,
	    "\"who\":\"alice\",\"from\":\"127.0.0.1\",\"action\":\"DELETE "
	    "/v1/users/{name}\",\"target\":\"alice\",\"outcome\":\"refused\"",
	    true);
	says(text, "\"target\":\"none\",\"outcome\":\"refused\",\"detail\":{\"user\":\"alice\"}",
	    true);
	says(text, PASSWORD, false);
	says(text, "by mistake", false);
	says(text, "something else", false);
	/* Found by who, and a page at a time. */
	g_autofree char *hers = log_text(f, "?who=alice&outcome=done");
	says(hers, "login", true);
	says(hers, "POST /v1/users", false);
	g_autofree char *page = log_text(f, "?after=1&limit=1");
	says(page, "\"seq\":2,", true);
	says(page, "\"seq\":3,", false);
}

static void test_access(struct fixture *f, gconstpointer data)
{
	(void)data;
	fixture_add_user(f, "alice", false);
	g_autofree char *alice = bearer(f, "alice");
	static const char *const paths[] = {"/v1/audit", "/v1/audit/head"};
	for (unsigned i = 0; i < G_N_ELEMENTS(paths); i++) {
		AUTO(reply) hers = ask_as(f, alice, "GET", paths[i], NULL);
		g_assert_cmpint(hers->status, ==, 403);
		AUTO(reply) none = ask_as(f, NULL, "GET", paths[i], NULL);
		g_assert_cmpint(none->status, ==, 401);
	}
	struct question bad = {.method = "GET", .path = "/v1/audit?limit=0", .admin_socket = true};
	AUTO(reply) refused = ask(f, &bad);
	g_assert_cmpint(refused->status, ==, 400);
}

static void test_heads(struct fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = fixture_path(f, "audit-heads"), *lines = NULL;
	struct audit_head head;
	(void)data;
	fixture_add_user(f, "alice", false);
	struct question question = {
	    .method = "GET", .path = "/v1/audit/head", .admin_socket = true};
	AUTO(reply) reply = ask(f, &question);
	g_assert_true(audit_head_read(f->public_key, member(reply, "head"), &head, &error));
	g_assert_no_error(error);
	g_assert_cmpint(head.seq, >=, 1);
	/* And the one that is kept elsewhere is written at the end at the latest. */
	broker_free(f->broker);
	f->broker = NULL;
	g_assert_true(g_file_get_contents(path, &lines, NULL, NULL));
	g_assert_true(g_str_has_suffix(lines, "\n"));
	g_strchomp(lines);
	g_assert_true(audit_head_read(f->public_key, lines, &head, &error));
	g_assert_cmpint(head.seq, ==, 2);
}

#define ADD(name, function)                                                                        \
	g_test_add("/api-audit/" name, struct fixture, NULL, setup, function, teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
	ADD("records", test_records);
	ADD("access", test_access);
	ADD("heads", test_heads);
	return g_test_run();
}
