/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sessions and grants, against a whole broker and a simulated pool. */
#include "broker/session.h"
#include "tests/broker/fixture.h"

static void setup(struct fixture *f, gconstpointer data)
{
	(void)data;
	fixture_init(f, 1024);
	fixture_add_user(f, "alice", false);
	fixture_add_user(f, "bob", false);
	g_assert_cmpint(
	    admin_do(f, "POST", "/v1/packages",
	        "{\"id\":\"phone\",\"name\":\"Phone\",\"kind\":\"phone\",\"pool\":\"phone\"}"),
	    ==, 201);
	g_assert_cmpint(
	    admin_do(f, "POST", "/v1/packages",
	        "{\"id\":\"sums\",\"name\":\"Sums\",\"kind\":\"application\",\"pool\":\"phone\","
	        "\"application\":\"org.gnome.Calculator\",\"icon\":\"/icons/calculator.svg\"}"),
	    ==, 201);
	g_assert_cmpint(
	    admin_do(f, "POST", "/v1/packages/phone/grants", "{\"user\":\"alice\"}"), ==, 204);
	g_assert_cmpint(
	    admin_do(f, "POST", "/v1/packages/sums/grants", "{\"user\":\"alice\"}"), ==, 204);
}

static void teardown(struct fixture *f, gconstpointer data)
{
	(void)data;
	fixture_finish(f);
}

static struct reply *open_session(
    struct fixture *f, const char *authorization, const char *package, const char *key)
{
	g_autofree char *body = g_strdup_printf(
	    "{\"package\":\"%s\",\"terminal\":{\"model\":\"test\",\"width\":720,\"height\":1440}}",
	    package);
	struct question question = {.method = "POST",
	    .path = "/v1/sessions",
	    .body = body,
	    .headers = {authorization, key}};
	return ask(f, &question);
}

static const char *phone_of(const struct reply *reply)
{
	JsonObject *phone =
	    json_object_get_object_member(json_node_get_object(reply->json), "phone");
	return json_object_get_string_member(phone, "uuid");
}

static struct grant *grant_of(
    struct fixture *f, const struct reply *reply, int64_t now, GError **error)
{
	const char *token = member(reply, "grant");
	return grant_verify(f->public_key, token, strlen(token), HOST_ID, now, error);
}

static void test_grant(struct fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	(void)data;
	g_autofree char *alice = bearer(f, "alice");
	AUTO(reply) reply = open_session(f, alice, "phone", NULL);
	g_assert_cmpint(reply->status, ==, 201);
	AUTO(grant) grant = grant_of(f, reply, fixture_time, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(grant->host, ==, HOST_ID);
	g_assert_cmpstr(grant->user, ==, "alice");
	g_assert_cmpstr(grant->role, ==, "user");
	g_assert_cmpstr(grant->phone, ==, phone_of(reply));
	g_assert_cmpstr(grant->session, ==, member(reply, "session"));
	g_assert_cmpint(grant->not_before, ==, fixture_time);
	g_assert_cmpint(grant->expires, ==, fixture_time + 30);
	g_assert_null(grant_of(f, reply, fixture_time + 31, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED);
	/* The pool says "everywhere", so the address is the one by which the broker was reached. */
	g_assert_cmpstr(member(reply, "websocket"), ==, "wss://127.0.0.1:8445/mtp");
	JsonObject *mtp = json_object_get_object_member(json_node_get_object(reply->json), "mtp");
	g_assert_cmpstr(json_object_get_string_member(mtp, "host"), ==, "127.0.0.1");
	g_assert_cmpint(json_object_get_int_member(mtp, "port"), ==, 8444);
}

static void test_same_phone_again(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *first = bearer(f, "alice");
	AUTO(reply) one = open_session(f, first, "phone", NULL);
	g_autofree char *path = g_strconcat("/v1/sessions/", member(one, "session"), NULL);
	AUTO(reply) closed = ask_as(f, first, "DELETE", path, NULL);
	g_assert_cmpint(closed->status, ==, 204);
	AUTO(reply) out = ask_as(f, first, "POST", "/v1/logout", "");
	g_assert_cmpint(out->status, ==, 204);
	g_autofree char *second = bearer(f, "alice");
	AUTO(reply) two = open_session(f, second, "phone", NULL);
	g_assert_cmpint(two->status, ==, 201);
	g_assert_cmpstr(phone_of(one), ==, phone_of(two));
	g_assert_cmpstr(member(one, "session"), !=, member(two, "session"));
	g_assert_cmpstr(member(one, "grant"), !=, member(two, "grant"));
}

static void test_not_granted(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *bob = bearer(f, "bob");
	AUTO(reply) denied = open_session(f, bob, "phone", NULL);
	AUTO(reply) absent = open_session(f, bob, "no-such-package", NULL);
	g_assert_cmpint(denied->status, ==, 403);
	g_assert_cmpint(absent->status, ==, 403);
	g_assert_cmpuint(f->pool.asked, ==, 0);
	AUTO(reply) nobody = open_session(f, NULL, "phone", NULL);
	g_assert_cmpint(nobody->status, ==, 401);
}

static void test_application(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *alice = bearer(f, "alice");
	AUTO(reply) reply = open_session(f, alice, "sums", NULL);
	g_assert_cmpint(reply->status, ==, 201);
	g_assert_null(member(reply, "notice"));
	g_assert_cmpstr(f->pool.application, ==, "org.gnome.Calculator");
	f->pool.launch_fails = true;
	AUTO(reply) without = open_session(f, alice, "sums", NULL);
	g_assert_cmpint(without->status, ==, 201);
	g_assert_nonnull(member(without, "notice"));
	g_assert_nonnull(member(without, "grant"));
	g_assert_cmpuint(f->pool.launched, ==, 2);
}

static void test_renewal(struct fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	(void)data;
	g_autofree char *alice = bearer(f, "alice");
	g_autofree char *bob = bearer(f, "bob");
	AUTO(reply) reply = open_session(f, alice, "phone", NULL);
	g_autofree char *path = g_strdup_printf("/v1/sessions/%s/grant", member(reply, "session"));
	fixture_time += 600;
	AUTO(reply) renewed = ask_as(f, alice, "POST", path, "");
	g_assert_cmpint(renewed->status, ==, 200);
	AUTO(grant) grant = grant_of(f, renewed, fixture_time, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(grant->session, ==, member(reply, "session"));
	g_assert_cmpstr(grant->phone, ==, phone_of(reply));
	/* Another's session is as good as none. */
	AUTO(reply) foreign = ask_as(f, bob, "POST", path, "");
	g_assert_cmpint(foreign->status, ==, 404);
	/* What has been taken away is not renewed. */
	g_assert_cmpint(admin_do(f, "DELETE", "/v1/packages/phone/grants/alice", NULL), ==, 204);
	AUTO(reply) revoked = ask_as(f, alice, "POST", path, "");
	g_assert_cmpint(revoked->status, ==, 409); /* the session has ended */
	g_assert_cmpint(
	    admin_do(f, "POST", "/v1/packages/phone/grants", "{\"user\":\"alice\"}"), ==, 204);
	AUTO(reply) anew = open_session(f, alice, "phone", NULL);
	g_free(path);
	path = g_strdup_printf("/v1/sessions/%s/grant", member(anew, "session"));
	/* 409 tells a client to open the session anew, which starts the phone. */
	static const struct {
		const char *state;
		long status;
	} states[] = {{"off", 409}, {"failed", 409}, {"lost", 409}, {"unknown", 503}};
	for (unsigned i = 0; i < G_N_ELEMENTS(states); i++) {
		f->pool.state = states[i].state;
		AUTO(reply) stopped = ask_as(f, alice, "POST", path, "");
		g_assert_cmpint(stopped->status, ==, states[i].status);
	}
	g_hash_table_remove_all(f->pool.leases);
	AUTO(reply) lost = ask_as(f, alice, "POST", path, "");
	g_assert_cmpint(lost->status, ==, 409);
}

static void test_renewal_of_closed(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *alice = bearer(f, "alice");
	AUTO(reply) reply = open_session(f, alice, "phone", NULL);
	g_autofree char *session = g_strconcat("/v1/sessions/", member(reply, "session"), NULL);
	g_autofree char *path = g_strconcat(session, "/grant", NULL);
	AUTO(reply) closed = ask_as(f, alice, "DELETE", session, NULL);
	g_assert_cmpint(closed->status, ==, 204);
	AUTO(reply) renewed = ask_as(f, alice, "POST", path, "");
	g_assert_cmpint(renewed->status, ==, 409);
	AUTO(reply) unknown = ask_as(f, alice, "POST", "/v1/sessions/'%20OR%201=1%20--/grant", "");
	g_assert_cmpint(unknown->status, ==, 404);
}

static void test_idempotency_key(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *alice = bearer(f, "alice");
	AUTO(reply) one = open_session(f, alice, "phone", "Idempotency-Key: k-1");
	AUTO(reply) two = open_session(f, alice, "phone", "Idempotency-Key: k-1");
	g_assert_cmpint(one->status, ==, 201);
	g_assert_cmpint(two->status, ==, 200);
	g_assert_cmpstr(member(one, "session"), ==, member(two, "session"));
	AUTO(reply) three = open_session(f, alice, "phone", "Idempotency-Key: k-2");
	g_assert_cmpstr(member(one, "session"), !=, member(three, "session"));
}

static void test_pool_exhausted(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *alice = bearer(f, "alice");
	f->pool.mood = POOL_EXHAUSTED;
	AUTO(reply) reply = open_session(f, alice, "phone", NULL);
	g_assert_cmpint(reply->status, ==, 507);
	g_assert_nonnull(strstr(member(reply, "detail"), "every phone of pool phone is in use"));
	g_assert_null(strstr(reply->body->str, "max of 2")); /* poold's own words */
	AUTO(reply) list = ask_as(f, alice, "GET", "/v1/sessions", NULL);
	g_assert_nonnull(strstr(list->body->str, "\"state\":\"failed\""));
}

static void test_pool_nonsense(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *alice = bearer(f, "alice");
	f->pool.mood = POOL_NONSENSE;
	AUTO(reply) reply = open_session(f, alice, "phone", NULL);
	g_assert_cmpint(reply->status, ==, 500);
	g_assert_nonnull(strstr(member(reply, "detail"), "tell your administrator"));
}

/* A pool manager that is being restarted, and a phone that is still starting, are waited for. */
static void test_pool_is_waited_for(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *alice = bearer(f, "alice");
	f->pool.away = 2;
	f->pool.starting = 2;
	AUTO(reply) reply = open_session(f, alice, "phone", NULL);
	g_assert_cmpint(reply->status, ==, 201);
	g_assert_cmpuint(f->pool.asked, ==, 5);
}

/* A phone that will not come is not waited for. */
static void test_phone_failed(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *alice = bearer(f, "alice");
	f->pool.state = "failed";
	AUTO(reply) failed = open_session(f, alice, "phone", NULL);
	g_assert_cmpint(failed->status, ==, 500);
	f->pool.state = "unknown";
	AUTO(reply) unknown = open_session(f, alice, "phone", NULL);
	g_assert_cmpint(unknown->status, ==, 503);
}

static void test_pool_away(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *alice = bearer(f, "alice");
	g_clear_pointer(&f->pool.server, http_server_free);
	AUTO(reply) reply = open_session(f, alice, "phone", NULL);
	g_assert_cmpint(reply->status, ==, 503);
	g_assert_nonnull(strstr(member(reply, "detail"), "try again in a minute"));
	g_assert_null(strstr(reply->body->str, ".sock"));
	g_autofree char *after = header(reply, "retry-after");
	g_assert_nonnull(after);
}

static void test_bad_requests(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *alice = bearer(f, "alice");
	static const char *const bodies[] = {"", "[]", "{}", "{\"package\":7}",
	    "{\"package\":\"phone\",\"terminal\":7}",
	    "{\"package\":\"phone\",\"terminal\":{\"width\":-1}}",
	    "{\"package\":\"phone\",\"terminal\":{\"height\":65536}}",
	    "{\"package\":\"phone\",\"terminal\":{\"width\":\"720\"}}",
	    "{\"package\":\"phone\",\"terminal\":{\"model\":[]}}"};
	for (unsigned i = 0; i < G_N_ELEMENTS(bodies); i++) {
		AUTO(reply) reply = ask_as(f, alice, "POST", "/v1/sessions", bodies[i]);
		g_assert_cmpint(reply->status, ==, 400);
	}
	AUTO(reply) method = ask_as(f, alice, "PATCH", "/v1/sessions", "{}");
	g_assert_cmpint(method->status, ==, 405);
	g_assert_cmpuint(f->pool.asked, ==, 0);
}

static void test_sign_out_closes_sessions(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *first = bearer(f, "alice");
	g_autofree char *second = bearer(f, "alice");
	AUTO(reply) one = open_session(f, first, "phone", NULL);
	AUTO(reply) two = open_session(f, second, "phone", NULL);
	AUTO(reply) out = ask_as(f, first, "POST", "/v1/logout", "");
	g_assert_cmpint(out->status, ==, 204);
	AUTO(reply) live = ask_as(f, second, "GET", "/v1/sessions?live=1", NULL);
	g_assert_nonnull(strstr(live->body->str, member(two, "session")));
	g_assert_null(strstr(live->body->str, member(one, "session")));
}

/* Until the pool has been asked so often, or the test's own time is over. */
static void wait_for_streams(struct fixture *f, unsigned asked)
{
	while (f->pool.stream_asked < asked)
		g_main_context_iteration(NULL, TRUE);
	/* Its answer has come back. */
	for (unsigned i = 0; i < 50; i++) {
		g_main_context_iteration(NULL, FALSE);
		g_usleep(1000);
	}
}

static void test_stream_ends_with_its_session(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *alice = bearer(f, "alice");
	AUTO(reply) one = open_session(f, alice, "phone", NULL);
	AUTO(reply) two = open_session(f, alice, "phone", NULL);
	g_autofree char *path = g_strconcat("/v1/sessions/", member(one, "session"), NULL);

	f->pool.mood = POOL_AWAY;
	g_assert_cmpint(admin_do(f, "DELETE", path, NULL), ==, 204);
	wait_for_streams(f, 1);
	g_assert_true(g_str_has_suffix(f->pool.stream_path, member(one, "session")));
	/* Not forgotten while the host is away, nor by a restart. */
	broker_free(f->broker);
	fixture_start(f, 64);
	wait_for_streams(f, 2);
	/* It has answered, but a grant signed before the end may still begin a stream. */
	f->pool.mood = POOL_WILLING;
	broker_sweep(f->broker);
	wait_for_streams(f, 3);
	fixture_time += f->broker->grant_lifetime_s + 1;
	broker_sweep(f->broker);
	wait_for_streams(f, 4);
	g_assert_true(g_str_has_suffix(f->pool.stream_path, member(one, "session")));
	broker_sweep(f->broker);
	wait_for_streams(f, 4);
	g_assert_cmpuint(f->pool.stream_asked, ==, 4);
	/* And the user's removal ends what is left. */
	g_assert_cmpint(admin_do(f, "DELETE", "/v1/users/alice", NULL), ==, 204);
	wait_for_streams(f, 5);
	g_assert_true(g_str_has_suffix(f->pool.stream_path, member(two, "session")));
}

/* Not only at the next sweep. */
static void test_oldest_of_too_many(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *alice = bearer(f, "alice");
	AUTO(reply) oldest = open_session(f, alice, "phone", NULL);
	for (unsigned i = 1; i < SESSION_MAX_OPEN; i++) {
		AUTO(reply) other = open_session(f, alice, "phone", NULL);
		g_assert_cmpint(other->status, ==, 201);
	}
	g_assert_cmpuint(f->pool.stream_asked, ==, 0);
	AUTO(reply) too_many = open_session(f, alice, "phone", NULL);
	g_assert_cmpint(too_many->status, ==, 201);
	wait_for_streams(f, 1);
	g_assert_true(g_str_has_suffix(f->pool.stream_path, member(oldest, "session")));
}

/* How many a user may have of a package, and for how long. */
static void test_policy(struct fixture *f, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	(void)data;
	g_autofree char *alice = bearer(f, "alice");
	const char *path = "/v1/packages/phone/policy";
	static const char *const wrong[] = {"{\"second_terminal\":\"fight\"}", "{\"sessions\":0}",
	    "{\"sessions\":33}", "{\"duration_s\":-1}", "{\"duration\":1}", "[]"};
	for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++)
		g_assert_cmpint(admin_do(f, "PUT", path, wrong[i]), ==, 400);
	AUTO(reply) denied = ask_as(f, alice, "PUT", path, "{\"sessions\":1}");
	g_assert_cmpint(denied->status, ==, 403);
	g_assert_cmpint(
	    admin_do(f, "PUT", "/v1/packages/none/policy", "{\"sessions\":1}"), ==, 404);
	g_assert_cmpint(admin_do(f, "PUT", path,
	                    "{\"second_terminal\":\"take-over\",\"sessions\":1,"
	                    "\"duration_s\":120}"),
	    ==, 200);
	/* What is not told stays. */
	g_assert_cmpint(admin_do(f, "PUT", path, "{\"sessions\":2}"), ==, 200);

	AUTO(reply) one = open_session(f, alice, "phone", NULL);
	AUTO(grant) grant = grant_of(f, one, fixture_time, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(grant->second, ==, "take-over");
	AUTO(reply) other = open_session(f, alice, "sums", NULL);
	AUTO(grant) of_other = grant_of(f, other, fixture_time, &error);
	g_assert_cmpstr(of_other->second, ==, "share");
	fixture_time += 60;
	AUTO(reply) two = open_session(f, alice, "phone", NULL);
	g_assert_cmpuint(f->pool.stream_asked, ==, 0);
	AUTO(reply) three = open_session(f, alice, "phone", NULL);
	wait_for_streams(f, 1);
	g_assert_true(g_str_has_suffix(f->pool.stream_path, member(one, "session")));
	/* Those of another package are counted for themselves, and last. */
	fixture_time += 120;
	broker_sweep(f->broker);
	AUTO(reply) live = ask_as(f, alice, "GET", "/v1/sessions?live=1", NULL);
	g_assert_nonnull(strstr(live->body->str, member(other, "session")));
	g_assert_null(strstr(live->body->str, member(two, "session")));
	g_assert_null(strstr(live->body->str, member(three, "session")));
}

#define ADD(name, function)                                                                        \
	g_test_add("/api-session/" name, struct fixture, NULL, setup, function, teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
	ADD("grant", test_grant);
	ADD("same-phone-again", test_same_phone_again);
	ADD("not-granted", test_not_granted);
	ADD("application", test_application);
	ADD("renewal", test_renewal);
	ADD("renewal-of-closed", test_renewal_of_closed);
	ADD("idempotency-key", test_idempotency_key);
	ADD("pool-exhausted", test_pool_exhausted);
	ADD("pool-nonsense", test_pool_nonsense);
	ADD("pool-is-waited-for", test_pool_is_waited_for);
	ADD("phone-failed", test_phone_failed);
	ADD("pool-away", test_pool_away);
	ADD("bad-requests", test_bad_requests);
	ADD("sign-out-closes-sessions", test_sign_out_closes_sessions);
	ADD("stream-ends-with-its-session", test_stream_ends_with_its_session);
	ADD("oldest-of-too-many", test_oldest_of_too_many);
	ADD("policy", test_policy);
	return g_test_run();
}
