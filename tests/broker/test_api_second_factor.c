/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The second half of a sign-in, attempts at it, its reset, and known devices, against a whole
 * broker. */
#include "tests/broker/fixture.h"

#include "broker/attempt_limiter.h"
#include "broker/challenge.h"
#include "broker/second_factor.h"
#include "broker/totp.h"

static void setup(struct fixture *f, gconstpointer factor)
{
	fixture_init(f, 1024);
	fixture_add_user(f, "alice", false);
	fixture_add_user(f, "carol", true);
	f->factor = factor;
	broker_free(f->broker);
	fixture_start(f, 1024);
}

static void teardown(struct fixture *f, gconstpointer data)
{
	(void)data;
	fixture_finish(f);
}

static struct reply *show(struct fixture *f, const char *challenge, const char *code)
{
	g_autofree char *body =
	    g_strdup_printf("{\"challenge\":\"%s\",\"code\":\"%s\"}", challenge, code);
	return ask_as(f, NULL, "POST", "/v1/login/second-factor", body);
}

/* What an authenticator application shows. */
static char *application(const char *secret, int64_t time)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	uint8_t bytes[TOTP_SECRET_SIZE] = {0};
	g_assert_cmpuint(strlen(secret), ==, TOTP_SECRET_SIZE * 8 / 5);
	for (unsigned i = 0; secret[i]; i++)
		for (unsigned bit = 0; bit < 5; bit++)
			if ((strchr(digits, secret[i]) - digits) >> (4 - bit) & 1)
				bytes[(i * 5 + bit) / 8] |= 0x80 >> (i * 5 + bit) % 8;
	return g_strdup_printf(
	    "%06u", totp_code(bytes, sizeof(bytes), (uint64_t)time / TOTP_STEP_S));
}

/* Signs in with the password; the secret where there is something to enrol. */
static char *challenge_of(struct fixture *f, const char *user, char **secret)
{
	AUTO(reply) reply = sign_in(f, user, PASSWORD);
	g_assert_cmpint(reply->status, ==, 202);
	g_assert_null(member(reply, "token"));
	g_assert_null(member(reply, "user"));
	g_assert_null(header(reply, "set-cookie"));
	JsonObject *object = json_node_get_object(reply->json);
	g_assert_cmpint(json_object_has_member(object, "enrolment"), ==, secret != NULL);
	if (secret) {
		JsonObject *enrolment = json_object_get_object_member(object, "enrolment");
		*secret = g_strdup(json_object_get_string_member(enrolment, "secret"));
		g_assert_nonnull(strstr(json_object_get_string_member(enrolment, "uri"), *secret));
		g_assert_cmpuint(
		    json_array_get_length(json_object_get_array_member(enrolment, "qr")), >, 20);
	}
	return g_strdup(member(reply, "challenge"));
}

/* Enrols; the secret. *recovery: one of the codes. */
static char *enrol(struct fixture *f, const char *user, char **recovery)
{
	char *secret;
	g_autofree char *challenge = challenge_of(f, user, &secret);
	g_autofree char *code = application(secret, fixture_time);
	AUTO(reply) reply = show(f, challenge, code);
	g_assert_cmpint(reply->status, ==, 200);
	JsonArray *codes =
	    json_object_get_array_member(json_node_get_object(reply->json), "recovery_codes");
	g_assert_cmpuint(json_array_get_length(codes), ==, RECOVERY_CODES);
	if (recovery)
		*recovery = g_strdup(json_array_get_string_element(codes, 0));
	fixture_time += TOTP_STEP_S;
	return secret;
}

static void test_enrol_and_use(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *secret = enrol(f, "alice", NULL);
	g_autofree char *challenge = challenge_of(f, "Alice", NULL);
	g_autofree char *code = application(secret, fixture_time);
	AUTO(reply) reply = show(f, challenge, code);
	g_assert_cmpint(reply->status, ==, 200);
	g_assert_cmpstr(member(reply, "user"), ==, "alice");
	g_assert_false(json_object_has_member(json_node_get_object(reply->json), "recovery_codes"));
	g_autofree char *bearer_line =
	    g_strconcat("Authorization: Bearer ", member(reply, "token"), NULL);
	AUTO(reply) who = ask_as(f, bearer_line, "GET", "/v1/whoami", NULL);
	g_assert_cmpint(who->status, ==, 200);
	/* Neither the challenge nor the code is good again. */
	AUTO(reply) twice = show(f, challenge, code);
	g_assert_cmpint(twice->status, ==, 401);
	g_autofree char *second = challenge_of(f, "alice", NULL);
	AUTO(reply) replayed = show(f, second, code);
	g_assert_cmpint(replayed->status, ==, 403);
	/* A challenge is no token. */
	g_autofree char *as_token = g_strconcat("Authorization: Bearer ", second, NULL);
	AUTO(reply) nobody = ask_as(f, as_token, "GET", "/v1/whoami", NULL);
	g_assert_cmpint(nobody->status, ==, 401);
}

/* What is not confirmed by a code is not enrolled: the next sign-in begins with a new secret. */
static void test_unconfirmed(struct fixture *f, gconstpointer data)
{
	(void)data;
	char *first, *second;
	g_autofree char *one = challenge_of(f, "alice", &first);
	g_autofree char *other = challenge_of(f, "alice", &second);
	g_assert_cmpstr(first, !=, second);
	g_autofree char *mixed = application(first, fixture_time);
	AUTO(reply) wrong = show(f, other, mixed);
	g_assert_cmpint(wrong->status, ==, 403);
	g_autofree char *code = application(second, fixture_time);
	AUTO(reply) right = show(f, other, code);
	g_assert_cmpint(right->status, ==, 200);
	/* Somebody else's enrolment that is still open does not replace it. */
	AUTO(reply) late = show(f, one, mixed);
	g_assert_cmpint(late->status, ==, 409);
	g_free(first);
	g_free(second);
}

static void test_recovery(struct fixture *f, gconstpointer data)
{
	(void)data;
	char *recovery;
	g_free(enrol(f, "alice", &recovery));
	g_autofree char *challenge = challenge_of(f, "alice", NULL);
	AUTO(reply) reply = show(f, challenge, recovery);
	g_assert_cmpint(reply->status, ==, 200);
	g_assert_cmpint(
	    json_object_get_int_member(json_node_get_object(reply->json), "recovery_codes_left"),
	    ==, RECOVERY_CODES - 1);
	g_autofree char *again = challenge_of(f, "alice", NULL);
	AUTO(reply) used = show(f, again, recovery);
	g_assert_cmpint(used->status, ==, 403);
	g_free(recovery);
}

static void test_reset(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *secret = enrol(f, "alice", NULL);
	g_autofree char *challenge = challenge_of(f, "alice", NULL);
	g_autofree char *code = application(secret, fixture_time);
	AUTO(reply) reply = show(f, challenge, code);
	g_autofree char *alice =
	    g_strconcat("Authorization: Bearer ", member(reply, "token"), NULL);
	g_autofree char *open = challenge_of(f, "alice", NULL);
	AUTO(reply) denied = ask_as(f, alice, "DELETE", "/v1/users/alice/second-factor", NULL);
	g_assert_cmpint(denied->status, ==, 403);
	g_assert_cmpint(admin_do(f, "DELETE", "/v1/users/alice/second-factor", NULL), ==, 204);
	g_assert_cmpint(admin_do(f, "DELETE", "/v1/users/alice/second-factor", NULL), ==, 404);
	g_assert_cmpint(admin_do(f, "DELETE", "/v1/users/nobody/second-factor", NULL), ==, 404);
	AUTO(reply) gone = ask_as(f, alice, "GET", "/v1/whoami", NULL);
	g_assert_cmpint(gone->status, ==, 401);
	g_autofree char *next = application(secret, fixture_time + TOTP_STEP_S);
	AUTO(reply) ended = show(f, open, next);
	g_assert_cmpint(ended->status, ==, 401);
	g_free(enrol(f, "alice", NULL));
}

static void test_guessing(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *secret = enrol(f, "alice", NULL);
	g_autofree char *right = application(secret, fixture_time);
	const char *wrong = g_str_equal(right, "123456") ? "654321" : "123456";
	g_autofree char *first = challenge_of(f, "alice", NULL);
	for (unsigned i = 0; i < ATTEMPT_PAIR_ALLOWANCE; i++) {
		AUTO(reply) reply = show(f, first, wrong);
		g_assert_cmpint(reply->status, ==, 403);
	}
	AUTO(reply) dead = show(f, first, right);
	g_assert_cmpint(dead->status, ==, 401);
	/* A new challenge, also from another address, buys no guesses. */
	long elsewhere = admin_do(f, "POST", "/v1/login",
	    "{\"user\":\"alice\",\"password\":\"" PASSWORD "\",\"address\":\"198.51.100.1\"}");
	g_assert_cmpint(elsewhere, ==, 202);
	g_autofree char *second = challenge_of(f, "alice", NULL);
	AUTO(reply) delayed = show(f, second, right);
	g_assert_cmpint(delayed->status, ==, 429);
	/* When the time has passed the challenge is still there, and the code right. */
	attempt_limiter_free(f->broker->code_limiter);
	f->broker->code_limiter = attempt_limiter_new();
	AUTO(reply) later = show(f, second, right);
	g_assert_cmpint(later->status, ==, 200);
}

static void test_administrators_only(struct fixture *f, gconstpointer data)
{
	(void)data;
	AUTO(reply) alice = sign_in(f, "alice", PASSWORD);
	g_assert_cmpint(alice->status, ==, 200);
	AUTO(reply) carol = sign_in(f, "carol", PASSWORD);
	g_assert_cmpint(carol->status, ==, 202);
	AUTO(reply) wrong = sign_in(f, "carol", "not the password");
	g_assert_cmpint(wrong->status, ==, 401);
}

static void test_bad_bodies(struct fixture *f, gconstpointer data)
{
	(void)data;
	char *secret;
	g_autofree char *challenge = challenge_of(f, "carol", &secret);
	g_free(secret);
	g_autofree char *long_code = g_strnfill(65, '1');
	g_autofree char *too_long =
	    g_strdup_printf("{\"challenge\":\"%s\",\"code\":\"%s\"}", challenge, long_code);
	const char *const bodies[] = {"", "{}", "[]", "{\"challenge\":\"x\"}",
	    "{\"challenge\":7,\"code\":\"1\"}", "{\"challenge\":\"x\",\"code\":123456}", too_long};
	for (unsigned i = 0; i < G_N_ELEMENTS(bodies); i++) {
		AUTO(reply) reply = ask_as(f, NULL, "POST", "/v1/login/second-factor", bodies[i]);
		g_assert_cmpint(reply->status, ==, 400);
	}
	AUTO(reply) unknown = show(f, "x", "123456");
	g_assert_cmpint(unknown->status, ==, 401);
	AUTO(reply) injected = show(f, challenge, "' OR 1=1 --");
	g_assert_cmpint(injected->status, ==, 403);
}

/* --- browsers --- */

static struct reply *from_page(
    struct fixture *f, const char *path, const char *body, const char *cookie, const char *site)
{
	g_autofree char *origin = g_strdup_printf("Origin: https://127.0.0.1:%u", f->port);
	g_autofree char *fetch = g_strconcat("Sec-Fetch-Site: ", site, NULL);
	struct question question = {.method = "POST",
	    .path = path,
	    .body = body,
	    .headers = {"X-QVMI-Client: browser", origin, fetch, cookie}};
	return ask(f, &question);
}

#define ALICE "{\"user\":\"alice\",\"password\":\"" PASSWORD "\"}"

static void test_browser(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *secret = enrol(f, "alice", NULL);
	AUTO(reply) first = from_page(f, "/v1/login", ALICE, NULL, "same-origin");
	g_assert_cmpint(first->status, ==, 202);
	g_assert_null(header(first, "set-cookie"));
	g_autofree char *code = application(secret, fixture_time);
	/* Begun by a page, it does not end as a token that scripts can read. */
	AUTO(reply) native = show(f, member(first, "challenge"), code);
	g_assert_cmpint(native->status, ==, 401);
	g_autofree char *body = g_strdup_printf(
	    "{\"challenge\":\"%s\",\"code\":\"%s\"}", member(first, "challenge"), code);
	AUTO(reply) foreign = from_page(f, "/v1/login/second-factor", body, NULL, "cross-site");
	g_assert_cmpint(foreign->status, ==, 403);
	AUTO(reply) right = from_page(f, "/v1/login/second-factor", body, NULL, "same-origin");
	g_assert_cmpint(right->status, ==, 200);
	g_assert_null(member(right, "token"));
	g_assert_nonnull(strstr(right->headers->str, "__Host-qvmi="));
	g_assert_nonnull(strstr(right->headers->str, "__Host-qvmi-device="));
}

/* --- known devices --- */

static void guess_from_everywhere(struct fixture *f, const char *user)
{
	for (unsigned i = 0; i < ATTEMPT_ACCOUNT_ALLOWANCE; i++) {
		g_autofree char *body = g_strdup_printf(
		    "{\"user\":\"%s\",\"password\":\"wrong\",\"address\":\"10.0.%u.1\"}", user, i);
		g_assert_cmpint(admin_do(f, "POST", "/v1/login", body), ==, 401);
	}
}

static void test_known_device(struct fixture *f, gconstpointer data)
{
	(void)data;
	AUTO(reply) before = sign_in(f, "alice", PASSWORD);
	g_assert_cmpint(before->status, ==, 200);
	AUTO(reply) page = from_page(f, "/v1/login", ALICE, NULL, "same-origin");
	g_auto(GStrv) lines = g_strsplit(page->headers->str, "\r\n", 0);
	g_autofree char *cookie = NULL;
	for (char **line = lines; *line; line++)
		if (strstr(*line, "__Host-qvmi-device=")) {
			const char *value = strstr(*line, "__Host-");
			cookie = g_strdup_printf("Cookie: %.*s", (int)strcspn(value, ";"), value);
			g_assert_nonnull(strstr(*line, "; HttpOnly"));
			g_assert_nonnull(strstr(*line, "; Secure"));
			g_assert_nonnull(strstr(*line, "SameSite=Strict"));
		}
	g_assert_nonnull(cookie);
	guess_from_everywhere(f, "alice");
	/* The account is delayed for strangers, as one that nobody has would be ... */
	AUTO(reply) stranger = sign_in(f, "alice", PASSWORD);
	g_assert_cmpint(stranger->status, ==, 429);
	guess_from_everywhere(f, "mallory");
	AUTO(reply) nobody = sign_in(f, "mallory", PASSWORD);
	g_assert_cmpint(nobody->status, ==, 429);
	/* ... and not for her devices. */
	g_autofree char *body =
	    g_strdup_printf("{\"user\":\"alice\",\"password\":\"" PASSWORD "\",\"device\":\"%s\"}",
	        member(before, "device"));
	AUTO(reply) hers = ask_as(f, NULL, "POST", "/v1/login", body);
	g_assert_cmpint(hers->status, ==, 200);
	g_assert_null(member(hers, "device"));
	AUTO(reply) browser = from_page(f, "/v1/login", ALICE, cookie, "same-origin");
	g_assert_cmpint(browser->status, ==, 200);
	/* Carol's device is none of alice's. */
	AUTO(reply) carol = sign_in(f, "carol", PASSWORD);
	g_autofree char *foreign =
	    g_strdup_printf("{\"user\":\"alice\",\"password\":\"" PASSWORD "\",\"device\":\"%s\"}",
	        member(carol, "device"));
	AUTO(reply) theirs = ask_as(f, NULL, "POST", "/v1/login", foreign);
	g_assert_cmpint(theirs->status, ==, 429);
	/* A new password makes all devices strangers. */
	g_assert_cmpint(
	    admin_do(f, "PUT", "/v1/users/alice/password", "{\"password\":\"" PASSWORD "\"}"), ==,
	    204);
	AUTO(reply) forgotten = ask_as(f, NULL, "POST", "/v1/login", body);
	g_assert_cmpint(forgotten->status, ==, 429);
}

#define ADD(name, function, factor)                                                                \
	g_test_add("/api-second-factor/" name, struct fixture, factor, setup, function, teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
	ADD("enrol-and-use", test_enrol_and_use, "everybody");
	ADD("unconfirmed", test_unconfirmed, "everybody");
	ADD("recovery", test_recovery, "everybody");
	ADD("reset", test_reset, "everybody");
	ADD("guessing", test_guessing, "everybody");
	ADD("administrators-only", test_administrators_only, "administrators");
	ADD("bad-bodies", test_bad_bodies, "everybody");
	ADD("browser", test_browser, "everybody");
	ADD("known-device", test_known_device, NULL);
	return g_test_run();
}
