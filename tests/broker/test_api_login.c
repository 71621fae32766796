/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sign-in, cookies and cross-site requests, against a whole broker. */
#include "tests/broker/fixture.h"

#include <math.h>

#include "broker/api.h"
#include "broker/attempt_limiter.h"
#include "broker/caller.h"
#include "broker/password_worker.h"

static void setup(struct fixture *f, gconstpointer memory_kib)
{
	fixture_init(f, GPOINTER_TO_UINT(memory_kib));
	fixture_add_user(f, "alice", false);
}

static void teardown(struct fixture *f, gconstpointer data)
{
	(void)data;
	fixture_finish(f);
}

static void test_native(struct fixture *f, gconstpointer data)
{
	(void)data;
	AUTO(reply) reply = sign_in(f, "Alice", PASSWORD);
	g_assert_cmpint(reply->status, ==, 200);
	g_assert_cmpstr(member(reply, "user"), ==, "alice");
	g_assert_cmpstr(member(reply, "expires"), ==, "2027-01-15T09:00:00Z");
	g_assert_null(header(reply, "set-cookie"));
	g_autofree char *cache = header(reply, "cache-control");
	g_assert_cmpstr(cache, ==, "no-store");
	g_autofree char *authorization =
	    g_strconcat("Authorization: Bearer ", member(reply, "token"), NULL);
	AUTO(reply) who = ask_as(f, authorization, "GET", "/v1/whoami", NULL);
	g_assert_cmpint(who->status, ==, 200);
	g_assert_cmpstr(member(who, "user"), ==, "alice");
	g_assert_null(member(who, "token"));
	AUTO(reply) out = ask_as(f, authorization, "POST", "/v1/logout", "");
	g_assert_cmpint(out->status, ==, 204);
	AUTO(reply) gone = ask_as(f, authorization, "GET", "/v1/whoami", NULL);
	g_assert_cmpint(gone->status, ==, 401);
}

static void test_wrong_and_unknown_look_alike(struct fixture *f, gconstpointer data)
{
	(void)data;
	AUTO(reply) wrong = sign_in(f, "alice", "wrong horse battery");
	AUTO(reply) unknown = sign_in(f, "mallory", PASSWORD);
	AUTO(reply) strange = sign_in(f, "'; DROP TABLE users; --", PASSWORD);
	g_assert_cmpint(wrong->status, ==, 401);
	g_assert_cmpint(unknown->status, ==, 401);
	g_assert_cmpint(strange->status, ==, 401);
	g_assert_cmpstr(member(wrong, "detail"), ==, "wrong user name or password");
	g_assert_cmpstr(wrong->body->str, ==, unknown->body->str);
	g_assert_cmpstr(wrong->body->str, ==, strange->body->str);
	AUTO(reply) right = sign_in(f, "alice", PASSWORD);
	g_assert_cmpint(right->status, ==, 200);
}

static double refusal_s(struct fixture *f, const char *user)
{
	attempt_limiter_free(f->broker->limiter);
	f->broker->limiter = attempt_limiter_new();
	AUTO(reply) reply = sign_in(f, user, "not the password");
	g_assert_cmpint(reply->status, ==, 401);
	return reply->seconds;
}

#define SAMPLES 40

/* How often one of `a` took longer than one of `b`, as a standard normal deviate (Mann and Whitney
 * 1947): no assumption about how times are distributed. */
static double rank_deviate(const double *a, const double *b)
{
	double u = 0, n = SAMPLES;
	for (unsigned i = 0; i < SAMPLES; i++)
		for (unsigned j = 0; j < SAMPLES; j++)
			u += a[i] > b[j] ? 1 : a[i] == b[j] ? 0.5 : 0;
	return (u - n * n / 2) / sqrt(n * n * (2 * n + 1) / 12);
}

/* In turns, so that whatever else the machine does slows both. Without the hash, or with a cheaper
 * one, all of one kind are faster, and the deviate is 7.7. By chance it is above 4.5 once in a
 * hundred thousand times. */
static void test_unknown_user_takes_as_long(struct fixture *f, gconstpointer data)
{
	(void)data;
	uint64_t before = password_worker_computed(f->broker->passwords);
	double known[SAMPLES], unknown[SAMPLES];
	for (unsigned i = 0; i < SAMPLES; i++) {
		known[i] = refusal_s(f, "alice");
		unknown[i] = refusal_s(f, "mallory");
	}
	g_assert_cmpuint(password_worker_computed(f->broker->passwords), ==, before + 2 * SAMPLES);
	double deviate = rank_deviate(known, unknown);
	g_test_message("known users take longer by %.1f standard deviations", deviate);
	g_assert_cmpfloat(fabs(deviate), <, 4.5);
}

static void test_limiter(struct fixture *f, gconstpointer data)
{
	(void)data;
	for (unsigned i = 0; i < ATTEMPT_PAIR_ALLOWANCE; i++) {
		AUTO(reply) reply = sign_in(f, "alice", "wrong horse battery");
		g_assert_cmpint(reply->status, ==, 401);
	}
	uint64_t before = password_worker_computed(f->broker->passwords);
	AUTO(reply) delayed = sign_in(f, "alice", PASSWORD);
	g_assert_cmpint(delayed->status, ==, 429);
	g_autofree char *after = header(delayed, "retry-after");
	g_assert_cmpint(atoi(after), >=, 1);
	g_assert_cmpint(atoi(after), <=, ATTEMPT_FIRST_DELAY_S);
	g_assert_cmpuint(password_worker_computed(f->broker->passwords), ==, before);
	/* Somebody else at this address, and alice elsewhere (the console says where), go on. */
	fixture_add_user(f, "bob", false);
	AUTO(reply) bob = sign_in(f, "bob", PASSWORD);
	g_assert_cmpint(bob->status, ==, 200);
	long elsewhere = admin_do(f, "POST", "/v1/login",
	    "{\"user\":\"alice\",\"password\":\"" PASSWORD "\",\"address\":\"198.51.100.1\"}");
	g_assert_cmpint(elsewhere, ==, 200);
}

/* Over TLS nobody is believed about his address. */
static void test_limiter_ignores_claimed_address(struct fixture *f, gconstpointer data)
{
	(void)data;
	for (unsigned i = 0; i <= ATTEMPT_PAIR_ALLOWANCE; i++) {
		g_autofree char *body = g_strdup_printf(
		    "{\"user\":\"alice\",\"password\":\"wrong one\",\"address\":\"10.0.0.%u\"}", i);
		AUTO(reply) reply = ask_as(f, NULL, "POST", "/v1/login", body);
		g_assert_cmpint(reply->status, ==, i < ATTEMPT_PAIR_ALLOWANCE ? 401 : 429);
	}
}

static void test_token_expires(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *authorization = bearer(f, "alice");
	fixture_time += 3599;
	AUTO(reply) still = ask_as(f, authorization, "GET", "/v1/whoami", NULL);
	g_assert_cmpint(still->status, ==, 200);
	fixture_time += 1;
	AUTO(reply) expired = ask_as(f, authorization, "GET", "/v1/whoami", NULL);
	g_assert_cmpint(expired->status, ==, 401);
	g_assert_nonnull(strstr(member(expired, "detail"), "expired"));
	broker_sweep(f->broker);
	AUTO(reply) swept = ask_as(f, authorization, "GET", "/v1/whoami", NULL);
	g_assert_cmpint(swept->status, ==, 401);
}

static void test_bad_tokens(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *long_one = g_strnfill(4000, 'x');
	g_autofree char *very_long = g_strconcat("Authorization: Bearer ", long_one, NULL);
	const char *const headers[] = {NULL, "Authorization: Bearer ", "Authorization: Bearer x",
	    "Authorization: Bearer ' OR 1=1 --", "Authorization: Basic YWxpY2U6eA==", very_long,
	    "Cookie: __Host-qvmi=x", "Cookie: qvmi=x", "Cookie: ;;;=;__Host-qvmi"};
	for (unsigned i = 0; i < G_N_ELEMENTS(headers); i++) {
		AUTO(reply) reply = ask_as(f, headers[i], "GET", "/v1/whoami", NULL);
		g_assert_cmpint(reply->status, ==, 401);
		g_autofree char *challenge = header(reply, "www-authenticate");
		g_assert_nonnull(challenge);
	}
}

/* --- browsers --- */

static struct reply *browser_sign_in(struct fixture *f)
{
	g_autofree char *origin = g_strdup_printf("Origin: https://127.0.0.1:%u", f->port);
	struct question question = {.method = "POST",
	    .path = "/v1/login",
	    .body = "{\"user\":\"alice\",\"password\":\"" PASSWORD "\"}",
	    .headers = {"X-QVMI-Client: browser", origin, "Sec-Fetch-Site: same-origin"}};
	return ask(f, &question);
}

/* "Cookie: ..." of a browser that signs in now. */
static char *cookie_of_browser(struct fixture *f)
{
	AUTO(reply) reply = browser_sign_in(f);
	g_assert_cmpint(reply->status, ==, 200);
	g_autofree char *cookie = header(reply, "set-cookie");
	*strchr(cookie, ';') = '\0';
	return g_strconcat("Cookie: theme=dark; ", cookie, NULL);
}

static void test_cookie(struct fixture *f, gconstpointer data)
{
	(void)data;
	AUTO(reply) reply = browser_sign_in(f);
	g_assert_cmpint(reply->status, ==, 200);
	g_assert_null(member(reply, "token"));
	g_autofree char *cookie = header(reply, "set-cookie");
	g_assert_true(g_str_has_prefix(cookie, CALLER_COOKIE "="));
	g_auto(GStrv) parts = g_strsplit(cookie, "; ", 0);
	g_assert_true(g_strv_contains((const char *const *)parts, "Secure"));
	g_assert_true(g_strv_contains((const char *const *)parts, "HttpOnly"));
	g_assert_true(g_strv_contains((const char *const *)parts, "SameSite=Strict"));
	g_assert_true(g_strv_contains((const char *const *)parts, "Path=/"));
	g_assert_true(g_strv_contains((const char *const *)parts, "Max-Age=3600"));
	g_assert_null(strstr(cookie, "Domain"));
	g_autofree char *value = g_strconcat("Cookie: ", parts[0], NULL);
	AUTO(reply) who = ask_as(f, value, "GET", "/v1/whoami", NULL);
	g_assert_cmpint(who->status, ==, 200);
	g_assert_null(strstr(who->body->str, parts[0] + strlen(CALLER_COOKIE "=")));
}

static long cookie_asks(struct fixture *f, const char *method, const char *path, const char *cookie,
    const char *one, const char *two, const char *three)
{
	struct question question = {.method = method,
	    .path = path,
	    .body = g_str_equal(method, "POST") ? "{}" : NULL,
	    .headers = {cookie, one, two, three}};
	AUTO(reply) reply = ask(f, &question);
	return reply->status;
}

static void test_cross_site(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *cookie = cookie_of_browser(f);
	g_autofree char *ours = g_strdup_printf("Origin: https://127.0.0.1:%u", f->port);
	g_autofree char *port = g_strdup_printf("Origin: https://127.0.0.1:%u", f->port ^ 1);
	g_autofree char *plain = g_strdup_printf("Origin: http://127.0.0.1:%u", f->port);
	const char *header = "X-QVMI-Client: browser";
	static const char *const path = "/v1/sessions";
	g_assert_cmpint(cookie_asks(f, "POST", path, cookie, NULL, NULL, NULL), ==, 403);
	g_assert_cmpint(cookie_asks(f, "POST", path, cookie, ours, NULL, NULL), ==, 403);
	g_assert_cmpint(cookie_asks(f, "POST", path, cookie, header, port, NULL), ==, 403);
	g_assert_cmpint(cookie_asks(f, "POST", path, cookie, header, plain, NULL), ==, 403);
	g_assert_cmpint(
	    cookie_asks(f, "POST", path, cookie, header, "Origin: null", NULL), ==, 403);
	g_assert_cmpint(
	    cookie_asks(f, "POST", path, cookie, header, "Origin: https://evil.example", NULL), ==,
	    403);
	g_assert_cmpint(
	    cookie_asks(f, "POST", path, cookie, header, ours, "Sec-Fetch-Site: cross-site"), ==,
	    403);
	g_assert_cmpint(
	    cookie_asks(f, "POST", path, cookie, header, ours, "Sec-Fetch-Site: same-site"), ==,
	    403);
	g_assert_cmpint(
	    cookie_asks(f, "POST", path, cookie, header, "Sec-Fetch-Site: none", NULL), ==, 403);
	g_assert_cmpint(
	    cookie_asks(f, "GET", path, cookie, "Sec-Fetch-Site: cross-site", NULL, NULL), ==, 403);
	/* From our own page it gets as far as the body, which lacks the package. */
	g_assert_cmpint(
	    cookie_asks(f, "POST", path, cookie, header, ours, "Sec-Fetch-Site: same-origin"), ==,
	    400);
	g_assert_cmpint(
	    cookie_asks(f, "GET", path, cookie, "Sec-Fetch-Site: same-origin", NULL, NULL), ==,
	    200);
	g_assert_cmpint(
	    cookie_asks(f, "GET", path, cookie, "Sec-Fetch-Site: none", NULL, NULL), ==, 200);
}

/* Signing the victim in as the attacker is cross-site request forgery as well. */
static void test_cross_site_sign_in(struct fixture *f, gconstpointer data)
{
	(void)data;
	struct question question = {.method = "POST",
	    .path = "/v1/login",
	    .body = "{\"user\":\"alice\",\"password\":\"" PASSWORD "\"}",
	    .headers = {"Origin: https://evil.example"}};
	AUTO(reply) bare = ask(f, &question);
	g_assert_cmpint(bare->status, ==, 403);
	question.headers[1] = "X-QVMI-Client: browser";
	AUTO(reply) with_header = ask(f, &question);
	g_assert_cmpint(with_header->status, ==, 403);
	question.headers[0] = NULL;
	question.type = "application/x-www-form-urlencoded";
	AUTO(reply) form = ask(f, &question);
	g_assert_cmpint(form->status, ==, 400);
	question.type = "text/plain";
	AUTO(reply) text = ask(f, &question);
	g_assert_cmpint(text->status, ==, 400);
}

/* Session fixation: what a browser brings along does not become its sign-in. */
static void test_token_is_always_new(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *first = cookie_of_browser(f);
	g_autofree char *origin = g_strdup_printf("Origin: https://127.0.0.1:%u", f->port);
	const char *const brought[] = {"Cookie: " CALLER_COOKIE "=chosen-by-somebody", first};
	for (unsigned i = 0; i < G_N_ELEMENTS(brought); i++) {
		struct question question = {.method = "POST",
		    .path = "/v1/login",
		    .body = "{\"user\":\"alice\",\"password\":\"" PASSWORD "\"}",
		    .headers = {"X-QVMI-Client: browser", origin, brought[i]}};
		AUTO(reply) reply = ask(f, &question);
		g_assert_cmpint(reply->status, ==, 200);
		g_autofree char *cookie = header(reply, "set-cookie");
		*strchr(cookie, ';') = '\0';
		g_assert_null(strstr(brought[i], cookie));
	}
	AUTO(reply) nobody = ask_as(f, brought[0], "GET", "/v1/whoami", NULL);
	g_assert_cmpint(nobody->status, ==, 401);
}

/* A token in the address gets into logs and histories: it is none there. */
static void test_token_in_address(struct fixture *f, gconstpointer data)
{
	(void)data;
	AUTO(reply) in = sign_in(f, "alice", PASSWORD);
	static const char *const names[] = {"token", "access_token", "bearer", "authorization"};
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path =
		    g_strdup_printf("/v1/whoami?%s=%s", names[i], member(in, "token"));
		AUTO(reply) who = ask_as(f, NULL, "GET", path, NULL);
		g_assert_cmpint(who->status, ==, 401);
	}
}

static void test_browser_sign_out(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *cookie = cookie_of_browser(f);
	struct question question = {.method = "POST",
	    .path = "/v1/logout",
	    .body = "",
	    .headers = {cookie, "X-QVMI-Client: browser"}};
	AUTO(reply) reply = ask(f, &question);
	g_assert_cmpint(reply->status, ==, 204);
	g_autofree char *cleared = header(reply, "set-cookie");
	g_assert_true(g_str_has_prefix(cleared, CALLER_COOKIE "=; Path=/; Max-Age=0; Secure"));
	g_assert_cmpint(cookie_asks(f, "GET", "/v1/whoami", cookie, NULL, NULL, NULL), ==, 401);
}

/* --- bad input --- */

static void test_hostile_bodies(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *deep = g_strnfill(5000, '[');
	g_autofree char *deep_object = g_strconcat("{\"user\":", deep, NULL);
	g_autofree char *long_name = g_strnfill(300, 'a');
	g_autofree char *long_user =
	    g_strdup_printf("{\"user\":\"%s\",\"password\":\"x\"}", long_name);
	g_autofree char *long_word = g_strnfill(PASSWORD_MAX_BYTES + 1, 'a');
	g_autofree char *long_password =
	    g_strdup_printf("{\"user\":\"alice\",\"password\":\"%s\"}", long_word);
	const char *const bodies[] = {"", "{", "null", "[]", "7", "\"x\"", "{}", deep, deep_object,
	    "{\"user\":\"alice\"}", "{\"user\":7,\"password\":\"x\"}",
	    "{\"user\":\"alice\",\"password\":null}", "{\"user\":[\"alice\"],\"password\":\"x\"}",
	    "{\"user\":\"\",\"password\":\"x\"}", "{\"user\":\"\xff\xfe\",\"password\":\"x\"}",
	    "{\"user\":\"alice\",\"password\":\"\\ud800\"}",
	    "{\"user\":\"alice\",\"password\":\"x\"", "user=alice&password=x", long_user,
	    long_password};
	for (unsigned i = 0; i < G_N_ELEMENTS(bodies); i++) {
		AUTO(reply) reply = ask_as(f, NULL, "POST", "/v1/login", bodies[i]);
		g_test_message("%u: %s", i, reply->body->str);
		g_assert_cmpint(reply->status, ==, 400);
		g_assert_cmpstr(member(reply, "detail"), !=, NULL);
	}
	g_autofree char *huge = g_strnfill(70000, ' ');
	AUTO(reply) oversize = ask_as(f, NULL, "POST", "/v1/login", huge);
	g_assert_cmpint(oversize->status, ==, 413);
	AUTO(reply) well = sign_in(f, "alice", PASSWORD);
	g_assert_cmpint(well->status, ==, 200);
}

/* --- what is served --- */

static void test_assets(struct fixture *f, gconstpointer data)
{
	(void)data;
	AUTO(reply) page = ask_as(f, NULL, "GET", "/", NULL);
	g_assert_cmpint(page->status, ==, 200);
	g_autofree char *policy = header(page, "content-security-policy");
	g_assert_nonnull(strstr(policy, "default-src 'none'"));
	g_assert_nonnull(strstr(policy, "connect-src 'self' wss:"));
	g_assert_nonnull(strstr(policy, "frame-ancestors 'none'"));
	g_assert_null(strstr(policy, "unsafe-inline"));
	AUTO(reply) icon = ask_as(f, NULL, "GET", "/icons/phone.svg", NULL);
	g_assert_cmpint(icon->status, ==, 200);
	g_autofree char *type = header(icon, "content-type");
	g_assert_cmpstr(type, ==, "image/svg+xml");
	g_assert_true(g_str_has_prefix(icon->body->str, "<svg"));
	static const char *const absent[] = {"/icons/nothing.svg", "/icons/../../../etc/passwd",
	    "/icons/%2e%2e%2fopenapi.yaml", "/../broker.db"};
	for (unsigned i = 0; i < G_N_ELEMENTS(absent); i++) {
		AUTO(reply) reply = ask_as(f, NULL, "GET", absent[i], NULL);
		g_test_message("%s: %ld", absent[i], reply->status);
		g_assert_cmpint(reply->status, ==, 404);
	}
	AUTO(reply) description = ask_as(f, NULL, "GET", "/v1/openapi.yaml", NULL);
	g_assert_cmpint(description->status, ==, 200);
	/* Every route of the program is described. */
	for (const struct http_route *route = api_routes; route->method; route++) {
		g_autofree char *line = g_strdup_printf("\n  %s:\n", route->pattern);
		g_assert_nonnull(strstr(description->body->str, line));
	}
}

#define ADD(name, function, memory_kib)                                                            \
	g_test_add("/api-login/" name, struct fixture, GUINT_TO_POINTER(memory_kib), setup,        \
	    function, teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_log_set_always_fatal(G_LOG_LEVEL_CRITICAL | G_LOG_FATAL_MASK);
	ADD("native", test_native, 1024);
	ADD("wrong-and-unknown-look-alike", test_wrong_and_unknown_look_alike, 1024);
	ADD("unknown-user-takes-as-long", test_unknown_user_takes_as_long, 8 * 1024);
	ADD("limiter", test_limiter, 1024);
	ADD("limiter-ignores-claimed-address", test_limiter_ignores_claimed_address, 1024);
	ADD("token-expires", test_token_expires, 1024);
	ADD("bad-tokens", test_bad_tokens, 1024);
	ADD("cookie", test_cookie, 1024);
	ADD("cross-site", test_cross_site, 1024);
	ADD("cross-site-sign-in", test_cross_site_sign_in, 1024);
	ADD("token-is-always-new", test_token_is_always_new, 1024);
	ADD("token-in-address", test_token_in_address, 1024);
	ADD("browser-sign-out", test_browser_sign_out, 1024);
	ADD("hostile-bodies", test_hostile_bodies, 1024);
	ADD("assets", test_assets, 1024);
	return g_test_run();
}
