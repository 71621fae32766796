/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users and packages: by the admin socket, by an administrator's token, and by nobody else. */
#include "tests/broker/fixture.h"

static void setup(struct fixture *f, gconstpointer data)
{
	(void)data;
	fixture_init(f, 1024);
	fixture_add_user(f, "chief", true);
	fixture_add_user(f, "alice", false);
}

static void teardown(struct fixture *f, gconstpointer data)
{
	(void)data;
	fixture_finish(f);
}

static const struct {
	const char *method, *path, *body;
	long status; /* for who may */
} acts[] = {
    {"GET", "/v1/users", NULL, 200},
    {"POST", "/v1/users", "{\"name\":\"dora\",\"password\":\"long enough\"}", 201},
    {"POST", "/v1/users", "{\"name\":\"DORA\",\"password\":\"long enough\"}", 409},
    {"PUT", "/v1/users/dora/password", "{\"password\":\"even longer one\"}", 204},
    {"PUT", "/v1/users/nobody/password", "{\"password\":\"even longer one\"}", 404},
    {"POST", "/v1/packages", "{\"id\":\"p\",\"name\":\"P\",\"kind\":\"phone\",\"pool\":\"phone\"}",
        201},
    {"POST", "/v1/packages", "{\"id\":\"p\",\"name\":\"Q\",\"kind\":\"phone\",\"pool\":\"phone\"}",
        200},
    {"POST", "/v1/packages/p/grants", "{\"user\":\"dora\"}", 204},
    {"POST", "/v1/packages/p/grants", "{\"user\":\"nobody\"}", 404},
    {"POST", "/v1/packages/q/grants", "{\"user\":\"dora\"}", 404},
    {"GET", "/v1/packages?all=1", NULL, 200},
    {"GET", "/v1/sessions?all=1", NULL, 200},
    {"DELETE", "/v1/packages/p/grants/dora", NULL, 204},
    {"DELETE", "/v1/packages/p/grants/dora", NULL, 404},
    {"DELETE", "/v1/packages/p", NULL, 204},
    {"DELETE", "/v1/packages/p", NULL, 404},
    {"DELETE", "/v1/users/dora", NULL, 204},
    {"DELETE", "/v1/users/dora", NULL, 404},
};

static void test_operator(struct fixture *f, gconstpointer data)
{
	(void)data;
	for (unsigned i = 0; i < G_N_ELEMENTS(acts); i++) {
		g_test_message("%s %s", acts[i].method, acts[i].path);
		g_assert_cmpint(
		    admin_do(f, acts[i].method, acts[i].path, acts[i].body), ==, acts[i].status);
	}
}

static void test_administrator(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *chief = bearer(f, "chief");
	for (unsigned i = 0; i < G_N_ELEMENTS(acts); i++) {
		g_test_message("%s %s", acts[i].method, acts[i].path);
		AUTO(reply) reply = ask_as(f, chief, acts[i].method, acts[i].path, acts[i].body);
		g_assert_cmpint(reply->status, ==, acts[i].status);
	}
}

static void test_nobody_else(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *alice = bearer(f, "alice");
	for (unsigned i = 0; i < G_N_ELEMENTS(acts); i++) {
		g_test_message("%s %s", acts[i].method, acts[i].path);
		AUTO(reply) user = ask_as(f, alice, acts[i].method, acts[i].path, acts[i].body);
		g_assert_cmpint(user->status, ==, 403);
		AUTO(reply) nobody = ask_as(f, NULL, acts[i].method, acts[i].path, acts[i].body);
		g_assert_cmpint(nobody->status, ==, 401);
		/* A token decides, also on the admin socket. */
		struct question question = {.method = acts[i].method,
		    .path = acts[i].path,
		    .body = acts[i].body,
		    .headers = {alice},
		    .admin_socket = true};
		AUTO(reply) socket = ask(f, &question);
		g_assert_cmpint(socket->status, ==, 403);
	}
}

/* An administrator who is none any more is none at once, and a user removed is gone at once. */
static void test_rights_are_read_anew(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *chief = bearer(f, "chief");
	g_assert_true(database_exec(
	    f->broker->database, NULL, "UPDATE users SET admin = 0 WHERE name = 'chief'", ""));
	AUTO(reply) demoted = ask_as(f, chief, "GET", "/v1/users", NULL);
	g_assert_cmpint(demoted->status, ==, 403);
	g_assert_cmpint(admin_do(f, "DELETE", "/v1/users/chief", NULL), ==, 204);
	AUTO(reply) removed = ask_as(f, chief, "GET", "/v1/whoami", NULL);
	g_assert_cmpint(removed->status, ==, 401);
}

static void test_new_password_ends_sign_ins(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *alice = bearer(f, "alice");
	g_assert_cmpint(
	    admin_do(f, "PUT", "/v1/users/ALICE/password", "{\"password\":\"quite another one\"}"),
	    ==, 204);
	AUTO(reply) old_token = ask_as(f, alice, "GET", "/v1/whoami", NULL);
	g_assert_cmpint(old_token->status, ==, 401);
	AUTO(reply) old_password = sign_in(f, "alice", PASSWORD);
	g_assert_cmpint(old_password->status, ==, 401);
	AUTO(reply) new_password = sign_in(f, "alice", "quite another one");
	g_assert_cmpint(new_password->status, ==, 200);
}

static void test_bad_input(struct fixture *f, gconstpointer data)
{
	(void)data;
	static const struct {
		const char *path, *body;
	} bad[] = {
	    {"/v1/users", "{\"name\":\"x'); DROP TABLE users; --\",\"password\":\"long enough\"}"},
	    {"/v1/users", "{\"name\":\"eve\",\"password\":\"short\"}"},
	    {"/v1/users", "{\"name\":\"eve-eve-eve\",\"password\":\"eve-eve-eve\"}"},
	    {"/v1/users", "{\"name\":\"eve\",\"password\":\"long enough\",\"admin\":\"yes\"}"},
	    {"/v1/users", "{\"name\":\"\",\"password\":\"long enough\"}"},
	    {"/v1/users", "{\"password\":\"long enough\"}"},
	    {"/v1/users", "[]"},
	    {"/v1/packages", "{\"id\":\"p\",\"name\":\"P\",\"kind\":\"car\",\"pool\":\"phone\"}"},
	    {"/v1/packages", "{\"id\":\"p\",\"name\":\"P\",\"kind\":\"phone\",\"pool\":\"phone\","
	                     "\"icon\":\"/icons/no.svg\"}"},
	    {"/v1/packages",
	        "{\"id\":\"p\",\"name\":\"P\",\"kind\":\"application\",\"pool\":\"phone\"}"},
	    {"/v1/packages", "{\"id\":\"p\"}"},
	    {"/v1/packages/p/grants", "{}"},
	};
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_test_message("%s %s", bad[i].path, bad[i].body);
		g_assert_cmpint(admin_do(f, "POST", bad[i].path, bad[i].body), ==, 400);
	}
	g_assert_cmpint(admin_do(f, "GET", "/v1/users?limit=0", NULL), ==, 400);
	g_assert_cmpint(admin_do(f, "GET", "/v1/users?limit=x", NULL), ==, 400);
	g_assert_cmpint(admin_do(f, "GET", "/v1/sessions?all=2", NULL), ==, 400);
	g_assert_cmpint(admin_do(f, "DELETE", "/v1/users/x'%20OR%20'1'='1", NULL), ==, 404);
	AUTO(reply) alice = sign_in(f, "alice", PASSWORD);
	g_assert_cmpint(alice->status, ==, 200);
}

static void test_operator_is_no_user(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_assert_cmpint(admin_do(f, "POST", "/v1/sessions", "{\"package\":\"phone\"}"), ==, 403);
	g_assert_cmpint(admin_do(f, "GET", "/v1/whoami", NULL), ==, 403);
}

/* A sign-in outlives the broker. */
static void test_restart(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *alice = bearer(f, "alice");
	g_clear_pointer(&f->broker, broker_free);
	fixture_start(f, 1024);
	AUTO(reply) who = ask_as(f, alice, "GET", "/v1/whoami", NULL);
	g_assert_cmpint(who->status, ==, 200);
}

#define ADD(name, function)                                                                        \
	g_test_add("/api-admin/" name, struct fixture, NULL, setup, function, teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
	ADD("operator", test_operator);
	ADD("administrator", test_administrator);
	ADD("nobody-else", test_nobody_else);
	ADD("rights-are-read-anew", test_rights_are_read_anew);
	ADD("new-password-ends-sign-ins", test_new_password_ends_sign_ins);
	ADD("bad-input", test_bad_input);
	ADD("operator-is-no-user", test_operator_is_no_user);
	ADD("restart", test_restart);
	return g_test_run();
}
