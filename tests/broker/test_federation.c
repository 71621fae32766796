/* SPDX-License-Identifier: GPL-2.0-or-later */
/* People of other companies, against a whole broker; their provider lies, hangs and changes keys.
 */
#include "broker/package.h"
#include "broker/token.h"
#include "tests/broker/provider.h"

struct stage {
	struct fixture fixture;
	struct simulated_provider provider;
};

static void setup(struct stage *s, gconstpointer data)
{
	(void)data;
	fixture_init(&s->fixture, 1024);
	provider_start(&s->provider, &s->fixture);
}

static void teardown(struct stage *s, gconstpointer data)
{
	(void)data;
	fixture_finish(&s->fixture);
	provider_stop(&s->provider);
}

static bool knows(struct stage *s, const char *user)
{
	AUTO(account) account = account_find(s->fixture.broker->database, user, NULL);
	return account != NULL;
}

static void test_good(struct stage *s, gconstpointer data)
{
	(void)data;
	g_autofree char *user = trip_make(&s->provider, "company.test");
	g_assert_cmpstr(user, ==, "alice@company.test");
	set(&s->provider.id, "id-2");
	set(&s->provider.username, "renamed");
	g_autofree char *again = trip_make(&s->provider, "company.test");
	g_assert_cmpstr(again, ==, "alice@company.test"); /* it is still her */
	set(&s->provider.id, "id-3");
	s->provider.more = "\"jti\":null";
	g_autofree char *without_id = trip_make(&s->provider, "company.test");
	g_assert_cmpstr(without_id, ==, "alice@company.test");
}

/* Each of these is one lie of a provider that otherwise says the truth. */
static void test_lies(struct stage *s, gconstpointer data)
{
	static const char *const claims[] = {"\"iss\":\"https://evil.test\"", "\"aud\":\"other\"",
	    "\"nonce\":\"other\"", "\"exp\":1799999999", "\"iat\":1799999000", "\"iat\":1800000060",
	    "\"sub\":null", "\"azp\":\"other\"", "\"preferred_username\":\"alice@other.test\"",
	    "\"preferred_username\":\"al ice\"", "\"groups\":[7]"};
	(void)data;
	for (unsigned i = 0; i < G_N_ELEMENTS(claims); i++) {
		s->provider.more = claims[i];
		g_autofree char *user = trip_make(&s->provider, "company.test");
		g_assert_cmpstr(user, ==, NULL);
	}
	s->provider.more = NULL;
	for (enum provider_mood mood = PROVIDER_SIGNS_WITH_NONE; mood <= PROVIDER_IS_ILL; mood++) {
		s->provider.mood = mood;
		g_autofree char *user = trip_make(&s->provider, "company.test");
		g_assert_cmpstr(user, ==, NULL);
	}
	g_assert_false(knows(s, "alice@company.test"));
	s->provider.mood = PROVIDER_GOOD;
	g_autofree char *user = trip_make(&s->provider, "company.test");
	g_assert_cmpstr(user, ==, "alice@company.test");
}

static void test_hangs(struct stage *s, gconstpointer data)
{
	(void)data;
	s->provider.settings.deadline_us = G_USEC_PER_SEC;
	provider_restart_broker(&s->fixture);
	s->provider.mood = PROVIDER_HANGS;
	AUTO(trip) trip = NULL;
	for (unsigned i = 0; i < 60 && !trip; i++) /* this machine may be slow, too */
		trip = trip_begin(&s->provider, "company.test");
	g_autofree char *location = trip_return(&s->provider, trip, "company.test?code=c");
	g_assert_cmpstr(location, ==, "/#sign-in-failed");
}

static void test_replay(struct stage *s, gconstpointer data)
{
	(void)data;
	g_autofree char *user = trip_make(&s->provider, "company.test");
	g_assert_nonnull(user);
	g_autofree char *replayed = trip_make(&s->provider, "company.test"); /* the same "jti" */
	g_assert_null(replayed);
	provider_restart_broker(&s->fixture);
	g_autofree char *after_restart = trip_make(&s->provider, "company.test");
	g_assert_null(after_restart);
	/* It has expired long since: nobody needs to remember it. */
	fixture_time += 3600;
	broker_sweep(s->fixture.broker);
	g_autofree char *much_later = trip_make(&s->provider, "company.test");
	g_assert_nonnull(much_later);
}

static void test_keys(struct stage *s, gconstpointer data)
{
	(void)data;
	g_autofree char *user = trip_make(&s->provider, "company.test");
	g_assert_nonnull(user);
	/* A new key, with a name of its own: asked for at once. */
	cjose_jwk_release(s->provider.key);
	s->provider.key = test_key("new");
	set(&s->provider.id, "id-2");
	g_autofree char *with_new = trip_make(&s->provider, "company.test");
	g_assert_nonnull(with_new);
	/* A revoked one is signed with. */
	set(&s->provider.id, "id-3");
	provider_restart_broker(&s->fixture);
	s->provider.mood = PROVIDER_PUBLISHES_NOTHING;
	g_autofree char *with_revoked = trip_make(&s->provider, "company.test");
	g_assert_null(with_revoked);
}

static void test_callback(struct stage *s, gconstpointer data)
{
	static const char *const wrong[] = {"second.test?code=c", "evil.test?code=c",
	    "company.test?code=c&iss=https%3A%2F%2Fevil.test", "company.test?error=access_denied",
	    "company.test?x=y"};
	(void)data;
	for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
		AUTO(trip) trip = trip_begin(&s->provider, "company.test");
		g_autofree char *location = trip_return(&s->provider, trip, wrong[i]);
		g_assert_cmpstr(location, ==, "/#sign-in-refused");
		/* It was taken: right comes too late. */
		g_autofree char *second = trip_return(&s->provider, trip, "company.test?code=c");
		g_assert_cmpstr(second, ==, "/#sign-in-refused");
	}
	AUTO(trip) mine = trip_begin(&s->provider, "company.test");
	AUTO(trip) theirs = trip_begin(&s->provider, "company.test");
	/* Somebody has me come in as himself (login CSRF). */
	set(&theirs->cookie, mine->cookie);
	g_autofree char *location = trip_return(&s->provider, theirs, "company.test?code=c");
	g_assert_cmpstr(location, ==, "/#sign-in-refused");
	set(&mine->state, "never-was");
	g_autofree char *unknown = trip_return(&s->provider, mine, "company.test?code=c");
	g_assert_cmpstr(unknown, ==, "/#sign-in-refused");
	/* Ten minutes are over. */
	AUTO(trip) slow = trip_begin(&s->provider, "company.test");
	fixture_time += FEDERATION_FLOW_S;
	g_autofree char *late = trip_return(&s->provider, slow, "company.test?code=c");
	g_assert_cmpstr(late, ==, "/#sign-in-refused");
}

static void test_identity(struct stage *s, gconstpointer data)
{
	struct simulated_provider *p = &s->provider;
	(void)data;
	fixture_add_user(&s->fixture, "carol@company.test", true);
	fixture_add_user(&s->fixture, "alice", true);
	set(&p->username, "carol");
	g_autofree char *carol = trip_make(p, "company.test");
	g_assert_cmpstr(carol, ==, NULL); /* a local account has that name */
	set(&p->username, "alice");
	g_autofree char *alice = trip_make(p, "company.test");
	g_assert_cmpstr(alice, ==, "alice@company.test"); /* and not our alice */
	/* Another person there gets a name that was given before. */
	set(&p->subject, "s-2");
	set(&p->id, "id-2");
	g_autofree char *namesake = trip_make(p, "company.test");
	g_assert_cmpstr(namesake, ==, NULL);
	/* The first person, by way of another organisation of that provider. */
	set(&p->subject, "s-1");
	set(&p->id, "id-3");
	g_autofree char *elsewhere = trip_make(p, "second.test");
	g_assert_cmpstr(elsewhere, ==, NULL);
	AUTO(account)
	account = account_find(s->fixture.broker->database, "alice@company.test", NULL);
	g_assert_false(account->admin);
	/* She has no password, not even an empty one. */
	AUTO(reply) reply = sign_in(&s->fixture, "alice@company.test", "");
	g_assert_cmpint(reply->status, !=, 200);
}

static void test_provider_elsewhere(struct stage *s, gconstpointer data)
{
	(void)data;
	s->provider.token_endpoint = "https://127.0.0.1:1"; /* of our own network, say */
	g_assert_null(trip_begin(&s->provider, "company.test"));
}

static char *refusal(struct stage *s, const char *user)
{
	g_autofree char *body = g_strdup_printf("{\"user\":\"%s\"}", user);
	const struct question question = {.method = "POST",
	    .path = "/v1/login/federation",
	    .body = body,
	    .headers = {"X-QVMI-Client: browser"}};
	AUTO(reply) reply = ask(&s->fixture, &question);
	g_assert_cmpint(reply->status, ==, 401);
	g_assert_cmpfloat(reply->seconds, >=, 0.5); /* leaves at a half second */
	return g_strdup(member(reply, "detail"));
}

static void test_unknown(struct stage *s, gconstpointer data)
{
	(void)data;
	g_autofree char *unknown = refusal(s, "alice@unknown.test");
	g_autofree char *no_organisation = refusal(s, "alice");
	s->provider.uaas_is_away = true;
	g_autofree char *away = refusal(s, "alice@company.test");
	g_assert_cmpstr(unknown, ==, no_organisation);
	g_assert_cmpstr(unknown, ==, away);
}

static unsigned signed_in(struct stage *s)
{
	AUTO(rows)
	rows = database_query(s->fixture.broker->database, NULL, "SELECT count(*) FROM tokens", "");
	g_assert_true(rows_next(rows, NULL));
	return (unsigned)rows_int(rows, 0);
}

static void sweep(struct stage *s, unsigned left)
{
	broker_sweep(s->fixture.broker);
	for (gint64 end = g_get_monotonic_time() + 20 * G_USEC_PER_SEC;
	     signed_in(s) != left && g_get_monotonic_time() < end;)
		g_main_context_iteration(NULL, FALSE);
	g_assert_cmpuint(signed_in(s), ==, left);
}

static void test_company_leaves(struct stage *s, gconstpointer data)
{
	(void)data;
	g_autofree char *user = trip_make(&s->provider, "company.test");
	g_assert_nonnull(user);
	s->provider.uaas_is_away = true; /* which ends nobody */
	broker_sweep(s->fixture.broker);
	/* The sweep asked before this does, and has its answer by then. */
	g_free(refusal(s, "alice@company.test"));
	g_assert_cmpuint(signed_in(s), ==, 1);
	s->provider.uaas_is_away = false;
	s->provider.gone = true;
	sweep(s, 0);
}

static unsigned packages_of(struct stage *s, const char *user)
{
	g_autoptr(GPtrArray) packages = package_list(s->fixture.broker->database, user, NULL);
	return packages->len;
}

static void order(struct stage *s, const char *method, const char *path, const char *body)
{
	g_assert_cmpint(admin_do(&s->fixture, method, path, body), ==, 204);
}

/* What is subscribed by organisation and by plan comes with being one of them, and goes with it. */
static void test_subscriptions(struct stage *s, gconstpointer data)
{
	(void)data;
	g_autofree char *alice = trip_make(&s->provider, "company.test");
	fixture_add_user(&s->fixture, "bob", false);
	static const char *const ids[] = {"by-organisation", "by-plan"};
	for (unsigned i = 0; i < G_N_ELEMENTS(ids); i++) {
		g_autofree char *body = g_strdup_printf(
		    "{\"id\":\"%s\",\"name\":\"P\",\"kind\":\"phone\",\"pool\":\"phone\"}", ids[i]);
		g_assert_cmpint(admin_do(&s->fixture, "POST", "/v1/packages", body), ==, 201);
	}
	order(s, "POST", "/v1/packages/by-organisation/grants",
	    "{\"organisation\":\"company.test\"}");
	order(s, "POST", "/v1/packages/by-plan/grants", "{\"plan\":\"gold\"}");
	g_assert_cmpuint(packages_of(s, alice), ==, 1);
	g_assert_cmpuint(packages_of(s, "bob"), ==, 0);
	order(s, "POST", "/v1/plans/gold/holders", "{\"organisation\":\"company.test\"}");
	order(s, "POST", "/v1/plans/gold/holders", "{\"user\":\"bob\"}");
	g_assert_cmpuint(packages_of(s, alice), ==, 2);
	g_assert_cmpuint(packages_of(s, "bob"), ==, 1);
	const struct question list = {.method = "GET", .path = "/v1/plans", .admin_socket = true};
	AUTO(reply) reply = ask(&s->fixture, &list);
	g_assert_nonnull(strstr(reply->body->str,
	    "{\"plan\":\"gold\",\"users\":[\"bob\"],\"organisations\":[\"company.test\"]}"));
	/* A session with it ends with the plan. */
	g_autofree char *authorization = bearer(&s->fixture, "bob");
	AUTO(reply)
	opened = ask_as(&s->fixture, authorization, "POST", "/v1/sessions",
	    "{\"package\":\"by-plan\",\"terminal\":{\"model\":\"t\",\"width\":9,\"height\":9}}");
	g_assert_cmpint(opened->status, ==, 201);
	order(s, "DELETE", "/v1/plans/gold/holders?user=bob", NULL);
	AUTO(reply) sessions = ask_as(&s->fixture, authorization, "GET", "/v1/sessions", NULL);
	g_assert_null(strstr(sessions->body->str, "\"open\""));
	order(s, "DELETE", "/v1/plans/gold/holders?organisation=company.test", NULL);
	order(s, "DELETE", "/v1/packages/by-organisation/grants?organisation=company.test", NULL);
	g_assert_cmpuint(packages_of(s, alice), ==, 0);
	g_assert_cmpuint(packages_of(s, "bob"), ==, 0);
	/* What is wrong is said. */
	static const char *const bad[] = {"{}", "{\"user\":\"bob\",\"organisation\":\"a.test\"}",
	    "{\"organisation\":\"no domain\"}", "{\"user\":\"nobody\"}"};
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_cmpint(
		    admin_do(&s->fixture, "POST", "/v1/plans/gold/holders", bad[i]), >=, 400);
	g_assert_cmpint(
	    admin_do(&s->fixture, "POST", "/v1/plans/Gold!/holders", "{\"user\":\"bob\"}"), ==,
	    400);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	/* What is refused is logged. */
	g_log_set_always_fatal(G_LOG_LEVEL_ERROR | G_LOG_LEVEL_CRITICAL);
#define ADD(name, function)                                                                        \
	g_test_add("/federation/" name, struct stage, NULL, setup, function, teardown)
	ADD("good", test_good);
	ADD("lies", test_lies);
	ADD("hangs", test_hangs);
	ADD("replay", test_replay);
	ADD("keys", test_keys);
	ADD("callback", test_callback);
	ADD("identity", test_identity);
	ADD("provider-elsewhere", test_provider_elsewhere);
	ADD("unknown", test_unknown);
	ADD("company-leaves", test_company_leaves);
	ADD("subscriptions", test_subscriptions);
	return g_test_run();
}
