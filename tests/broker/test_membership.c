/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the directory says of people who are signed in, and what becomes of their sessions, against
 * a whole broker. */
#include "tests/broker/fixture.h"

#include "broker/membership.h"
#include "broker/stream_ender.h"
#include "broker/token.h"

#define PRINCIPAL "dave@EXAMPLE.COM"

static void record(struct fixture *f, const char *const *groups)
{
	GError *error = NULL;
	const char *const none[] = {NULL};
	struct realm_answer person = {.full_name = (char *)"Dave",
	    .manager = (char *)"",
	    .groups = (char **)groups,
	    .units = (char **)none};
	membership_record(
	    f->broker->database, "dave", PRINCIPAL, &person, "admins", fixture_time, &error);
	g_assert_no_error(error);
}

static void setup(struct fixture *f, gconstpointer data)
{
	(void)data;
	fixture_init(f, 64);
	g_assert_cmpint(
	    admin_do(f, "POST", "/v1/packages",
	        "{\"id\":\"phone\",\"name\":\"Phone\",\"kind\":\"phone\",\"pool\":\"p\"}"),
	    ==, 201);
	g_assert_cmpint(
	    admin_do(f, "POST", "/v1/packages/phone/grants", "{\"group\":\"staff\"}"), ==, 204);
}

static void teardown(struct fixture *f, gconstpointer data)
{
	(void)data;
	fixture_finish(f);
}

/* "Authorization: Bearer ..." as after his ticket. */
static char *dave(struct fixture *f)
{
	g_autofree char *token = token_issue(f->broker->database, "dave", fixture_time, 3600, NULL);
	return g_strconcat("Authorization: Bearer ", token, NULL);
}

static char *open_session(struct fixture *f, const char *bearer_line)
{
	AUTO(reply)
	reply = ask_as(f, bearer_line, "POST", "/v1/sessions", "{\"package\":\"phone\"}");
	g_assert_cmpint(reply->status, ==, 201);
	return g_strdup(member(reply, "session"));
}

static void wait_for_stream(struct fixture *f, const char *session)
{
	while (!f->pool.stream_path || !g_str_has_suffix(f->pool.stream_path, session))
		g_main_context_iteration(NULL, TRUE);
}

/* As realm.c does when the directory has been asked again. */
static void ask_again(struct fixture *f, const char *const *groups)
{
	record(f, groups);
	g_assert_true(membership_close_sessions(f->broker->database, "dave", fixture_time, NULL));
	stream_ender_run(f->broker->streams);
}

static void test_removed_group_cuts_the_stream(struct fixture *f, gconstpointer data)
{
	(void)data;
	const char *const both[] = {"staff", "admins", NULL}, *const other[] = {"guests", NULL};
	record(f, both);
	g_autofree char *authorization = dave(f);
	g_autofree char *session = open_session(f, authorization);
	g_autofree char *grant = g_strdup_printf("/v1/sessions/%s/grant", session);
	/* Nothing has changed: he stays. */
	ask_again(f, both);
	AUTO(reply) still = ask_as(f, authorization, "POST", grant, "{}");
	g_assert_cmpint(still->status, ==, 200);
	g_assert_cmpuint(f->pool.stream_asked, ==, 0);
	ask_again(f, other);
	wait_for_stream(f, session);
	AUTO(reply) over = ask_as(f, authorization, "POST", grant, "{}");
	g_assert_cmpint(over->status, ==, 409);
	AUTO(reply)
	again = ask_as(f, authorization, "POST", "/v1/sessions", "{\"package\":\"phone\"}");
	g_assert_cmpint(again->status, ==, 403);
	/* Signed in he still is, but no administrator. */
	AUTO(reply) who = ask_as(f, authorization, "GET", "/v1/whoami", NULL);
	g_assert_cmpint(who->status, ==, 200);
	g_assert_false(json_object_get_boolean_member(json_node_get_object(who->json), "admin"));
}

static void test_who_has_left_is_out(struct fixture *f, gconstpointer data)
{
	(void)data;
	const char *const staff[] = {"staff", NULL};
	record(f, staff);
	g_autofree char *authorization = dave(f);
	g_autofree char *session = open_session(f, authorization);
	g_assert_true(membership_end(f->broker->database, "dave", fixture_time, NULL));
	stream_ender_run(f->broker->streams);
	wait_for_stream(f, session);
	AUTO(reply) who = ask_as(f, authorization, "GET", "/v1/whoami", NULL);
	g_assert_cmpint(who->status, ==, 401);
}

#define ADD(name, function)                                                                        \
	g_test_add("/membership/" name, struct fixture, NULL, setup, function, teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
	ADD("removed-group-cuts-the-stream", test_removed_group_cuts_the_stream);
	ADD("who-has-left-is-out", test_who_has_left_is_out);
	return g_test_run();
}
