/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Coming back to a session by a resumption token, against a whole broker. */
#include "broker/resumption.h"
#include "broker/session.h"
#include "common/client_key.h"
#include "tests/broker/fixture.h"

struct terminal {
	struct fixture f;
	struct client_key *key;
	char *authorization, *session, *token;
};

static struct reply *open_session(struct terminal *t, const char *authorization)
{
	JsonObject *body = json_object_new();
	json_object_set_string_member(body, "package", "phone");
	json_object_set_object_member(
	    body, "client_key", client_key_jwk(client_key_public(t->key)));
	g_autoptr(JsonNode) node = json_node_of(body);
	g_autofree char *text = json_text(node);
	return ask_as(&t->f, authorization, "POST", "/v1/sessions", text);
}

/* The next token of an answer is the terminal's from now on. */
static void take_token(struct terminal *t, const struct reply *reply)
{
	g_free(t->token);
	t->token = g_strdup(member(reply, "resumption"));
	g_assert_nonnull(t->token);
}

static void setup(struct terminal *t, gconstpointer data)
{
	(void)data;
	fixture_init(&t->f, 64);
	fixture_add_user(&t->f, "alice", false);
	g_assert_cmpint(
	    admin_do(&t->f, "POST", "/v1/packages",
	        "{\"id\":\"phone\",\"name\":\"Phone\",\"kind\":\"phone\",\"pool\":\"phone\"}"),
	    ==, 201);
	g_assert_cmpint(
	    admin_do(&t->f, "POST", "/v1/packages/phone/grants", "{\"user\":\"alice\"}"), ==, 204);
	t->key = client_key_new(NULL);
	t->authorization = bearer(&t->f, "alice");
	AUTO(reply) reply = open_session(t, t->authorization);
	g_assert_cmpint(reply->status, ==, 201);
	t->session = g_strdup(member(reply, "session"));
	take_token(t, reply);
}

static void teardown(struct terminal *t, gconstpointer data)
{
	(void)data;
	fixture_finish(&t->f);
	client_key_free(t->key);
	g_free(t->authorization);
	g_free(t->session);
	g_free(t->token);
}

/* Without any sign-in: only the token, and the proof. */
static struct reply *resume_by(
    struct terminal *t, const char *token, const struct client_key *key, const char *purpose)
{
	g_autofree char *proof = client_key_sign(key, purpose, token, NULL);
	g_autofree char *body =
	    g_strdup_printf("{\"resumption\":\"%s\",\"proof\":\"%s\"}", token, proof);
	struct question question = {.method = "POST", .path = "/v1/resume", .body = body};
	return ask(&t->f, &question);
}

static struct reply *resume(struct terminal *t, const char *token)
{
	return resume_by(t, token, t->key, CLIENT_KEY_RESUME);
}

static void refused(struct reply *reply, long status)
{
	AUTO(reply) freed = reply;
	g_assert_cmpint(freed->status, ==, status);
	g_assert_null(member(freed, "grant"));
	g_assert_null(member(freed, "resumption"));
}

static void test_resume(struct terminal *t, gconstpointer data)
{
	(void)data;
	unsigned asked = t->f.pool.asked;
	fixture_time += 600;
	AUTO(reply) reply = resume(t, t->token);
	g_assert_cmpint(reply->status, ==, 200);
	g_assert_cmpstr(member(reply, "session"), ==, t->session);
	g_assert_cmpstr(member(reply, "websocket"), ==, "wss://127.0.0.1:8445/mtp");
	g_assert_cmpuint(t->f.pool.asked, ==, asked);
	/* The grant is for the one who has the key. */
	const char *token = member(reply, "grant");
	g_autoptr(GError) error = NULL;
	g_assert_null(
	    grant_verify(t->f.public_key, token, strlen(token), HOST_ID, fixture_time, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED);
	g_clear_error(&error);
	g_autofree char *proof = client_key_sign(t->key, CLIENT_KEY_GRANT, token, NULL);
	g_autofree char *shown = g_strconcat(token, "~", proof, NULL);
	AUTO(grant)
	grant = grant_verify(t->f.public_key, shown, strlen(shown), HOST_ID, fixture_time, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(grant->session, ==, t->session);
}

static void test_once(struct terminal *t, gconstpointer data)
{
	(void)data;
	g_autofree char *first = g_strdup(t->token);
	AUTO(reply) one = resume(t, first);
	take_token(t, one);
	/* The answer was lost on the way: the same question has the same next token. */
	AUTO(reply) again = resume(t, first);
	g_assert_cmpint(again->status, ==, 200);
	g_assert_cmpstr(member(again, "resumption"), ==, t->token);
	g_assert_cmpstr(member(again, "grant"), !=, member(one, "grant"));
	/* Once the next one has been used, it was not lost. */
	AUTO(reply) two = resume(t, t->token);
	g_assert_cmpint(two->status, ==, 200);
	refused(resume(t, first), 401);
	/* And that hurts nobody who is in his right. */
	take_token(t, two);
	AUTO(reply) three = resume(t, t->token);
	g_assert_cmpint(three->status, ==, 200);
	/* Nor is it forgotten by a restart. */
	broker_free(t->f.broker);
	fixture_start(&t->f, 64);
	refused(resume(t, first), 401);
	take_token(t, three);
	AUTO(reply) four = resume(t, t->token);
	g_assert_cmpint(four->status, ==, 200);
}

static void test_whose(struct terminal *t, gconstpointer data)
{
	(void)data;
	AUTO(client_key) stranger = client_key_new(NULL);
	refused(resume_by(t, t->token, stranger, CLIENT_KEY_RESUME), 401);
	refused(resume_by(t, t->token, t->key, CLIENT_KEY_GRANT), 401);
	g_autofree char *forged = g_strdup(t->token);
	forged[3] = forged[3] == 'A' ? 'B' : 'A';
	refused(resume(t, forged), 401);
	g_autofree char *ahead =
	    resumption_token(grant_key_file_key(t->f.broker->grant_keys), t->session, 7);
	refused(resume(t, ahead), 401);
	g_autofree char *nobody = resumption_token(
	    grant_key_file_key(t->f.broker->grant_keys), "7c9e6679-7425-40de-944b-e07fc1f90ae7", 0);
	refused(resume(t, nobody), 401);
	/* The token is as good as before. */
	AUTO(reply) reply = resume(t, t->token);
	g_assert_cmpint(reply->status, ==, 200);
}

static void test_over(struct terminal *t, gconstpointer data)
{
	(void)data;
	/* The package is taken away. */
	g_assert_cmpint(
	    admin_do(&t->f, "DELETE", "/v1/packages/phone/grants/alice", NULL), ==, 204);
	refused(resume(t, t->token), 401);
	g_assert_cmpint(
	    admin_do(&t->f, "POST", "/v1/packages/phone/grants", "{\"user\":\"alice\"}"), ==, 204);
	AUTO(reply) again = open_session(t, t->authorization);
	take_token(t, again);
	g_free(t->session);
	t->session = g_strdup(member(again, "session"));
	/* The sign-in has expired, before anybody has swept. */
	fixture_time += 3601;
	refused(resume(t, t->token), 401);
	fixture_time -= 3601;
	/* The session is closed by its user, or with all of them at sign-out. */
	g_autofree char *path = g_strconcat("/v1/sessions/", t->session, NULL);
	AUTO(reply) closed = ask_as(&t->f, t->authorization, "DELETE", path, NULL);
	g_assert_cmpint(closed->status, ==, 204);
	refused(resume(t, t->token), 401);
	AUTO(reply) opened = open_session(t, t->authorization);
	take_token(t, opened);
	AUTO(reply) out = ask_as(&t->f, t->authorization, "POST", "/v1/logout", "");
	g_assert_cmpint(out->status, ==, 204);
	refused(resume(t, t->token), 401);
}

/* Renewal asks the pool, and its answer is where the next resumption leads. */
static void test_renewal(struct terminal *t, gconstpointer data)
{
	(void)data;
	g_autofree char *path = g_strdup_printf("/v1/sessions/%s/grant", t->session);
	AUTO(reply) renewed = ask_as(&t->f, t->authorization, "POST", path, "");
	g_assert_cmpint(renewed->status, ==, 200);
	g_assert_cmpstr(member(renewed, "resumption"), ==, t->token);
	AUTO(reply) resumed = resume(t, t->token);
	take_token(t, resumed);
	AUTO(reply) again = ask_as(&t->f, t->authorization, "POST", path, "");
	g_assert_cmpstr(member(again, "resumption"), ==, t->token);
}

static void test_bad_requests(struct terminal *t, gconstpointer data)
{
	(void)data;
	static const char *const bodies[] = {"", "[]", "{}", "{\"resumption\":7}",
	    "{\"resumption\":\"a\"}", "{\"resumption\":\"a\",\"proof\":[]}"};
	for (unsigned i = 0; i < G_N_ELEMENTS(bodies); i++) {
		struct question question = {
		    .method = "POST", .path = "/v1/resume", .body = bodies[i]};
		AUTO(reply) reply = ask(&t->f, &question);
		g_assert_cmpint(reply->status, ==, 400);
	}
	static const char *const keys[] = {"7", "{}", "{\"kty\":\"EC\",\"crv\":\"P-256\"}"};
	for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
		g_autofree char *body =
		    g_strdup_printf("{\"package\":\"phone\",\"client_key\":%s}", keys[i]);
		AUTO(reply) reply = ask_as(&t->f, t->authorization, "POST", "/v1/sessions", body);
		g_assert_cmpint(reply->status, ==, 400);
	}
	/* A terminal without a key is served as before, and can not resume. */
	AUTO(reply)
	plain = ask_as(&t->f, t->authorization, "POST", "/v1/sessions", "{\"package\":\"phone\"}");
	g_assert_cmpint(plain->status, ==, 201);
	g_assert_null(member(plain, "resumption"));
	g_autofree char *token = resumption_token(
	    grant_key_file_key(t->f.broker->grant_keys), member(plain, "session"), 0);
	refused(resume(t, token), 401);
}

#define ADD(name, function)                                                                        \
	g_test_add("/api-resume/" name, struct terminal, NULL, setup, function, teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
	ADD("resume", test_resume);
	ADD("once", test_once);
	ADD("whose", test_whose);
	ADD("over", test_over);
	ADD("renewal", test_renewal);
	ADD("bad-requests", test_bad_requests);
	return g_test_run();
}
