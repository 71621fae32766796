/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sign-in of other companies' people (federation.h). A browser is tied to the sign-in it began by a
 * cookie, a native client by its loopback address and a proof of its own (RFC 8252): what is sent
 * to somebody else to click on signs in that one, and nobody who sent it.
 */
#include "broker/api.h"

#include "broker/attempt_limiter.h"
#include "broker/broker.h"
#include "broker/caller.h"
#include "broker/federation.h"
#include "common/pkce.h"
#include "common/error.h"
#include "common/json.h"
#include "common/metrics.h"

#define TYPED_MAX 255
#define STATE_MAX 128
#define VERIFIER_MAX 128
#define FLOW_COOKIE "__Host-qvmi-federation"

static bool require(struct broker *broker, GError **error)
{
	if (broker->federation)
		return true;
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
	    "people of other companies do not sign in here");
	return false;
}

/* Strict would keep it back when the provider sends the browser here (RFC 6265bis 5.2). */
static void set_flow_cookie(struct http_request *request, const char *value, int lifetime_s)
{
	g_autofree char *cookie =
	    g_strdup_printf("%s=%s; Path=/; Max-Age=%d; Secure; HttpOnly; SameSite=Lax",
	        FLOW_COOKIE, value, lifetime_s);
	http_request_add_header(request, "set-cookie", cookie);
}

/* --- it begins --- */

struct beginning {
	struct broker *broker;
	struct http_request *request;
	char *typed, *address, *cookie;
};

static void beginning_free(struct beginning *beginning)
{
	g_free(beginning->typed);
	g_free(beginning->address);
	g_free(beginning->cookie);
	g_free(beginning);
}
DEFINE_CLEANUP(beginning);

static void begun(const char *url, const GError *error, void *data)
{
	AUTO(beginning) beginning = data;
	struct broker *broker = beginning->broker;
	g_autoptr(GError) failure = NULL;
	const struct attempt attempt = {.account = beginning->typed, .address = beginning->address};
	if (url || error)
		attempt_limiter_refund(broker->limiter, &attempt);
	if (!url) {
		metric_add(broker->sign_ins, error ? "failed" : "refused", 1);
		failure = g_error_new(QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED,
		    "nobody vouches for people of this name now: type it with your "
		    "organisation, as in alice@company.example");
		return api_fail(beginning->request, error ? error : failure);
	}
	if (beginning->cookie)
		set_flow_cookie(beginning->request, beginning->cookie, FEDERATION_FLOW_S);
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "redirect", url);
	api_respond(beginning->request, 200, object);
}

static bool read_loopback(
    struct federation_loopback *loopback, JsonObject *body, bool browser, GError **error)
{
	int64_t port = 0;
	if (browser)
		return true;
	const char *challenge = json_get_string(body, "challenge", PKCE_SIZE, error);
	const char *state = challenge ? json_get_string(body, "state", STATE_MAX, error) : NULL;
	if (!state || !json_get_int(body, "port", 1024, 65535, &port, error))
		return false;
	loopback->port = (uint16_t)port;
	loopback->challenge = g_strdup(challenge);
	loopback->state = g_strdup(state);
	if (pkce_is_challenge(challenge))
		return true;
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "challenge: the SHA-256 of a verifier in base64url (RFC 7636, S256)");
	return false;
}

void api_federation_begin(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	bool browser = false;
	AUTO(federation_flow) flow = g_new0(struct federation_flow, 1);
	JsonObject *body =
	    require(broker, &error) && browser_check(request, BROWSER_WRITES, &browser, &error)
	        ? api_body(request, &error)
	        : NULL;
	const char *typed = body ? json_get_string(body, "user", TYPED_MAX, &error) : NULL;
	if (!typed || !read_loopback(&flow->loopback, body, browser, &error))
		return api_fail(request, error);
	const char *address = http_request_peer(request)->address;
	const struct attempt attempt = {.account = typed, .address = address};
	unsigned wait_s = attempt_limiter_charge(broker->limiter, &attempt, g_get_monotonic_time());
	if (wait_s)
		return api_too_many(broker, request, wait_s);
	flow->address = g_strdup(address);
	flow->cookie = browser ? pkce_random() : NULL;
	struct beginning *beginning = g_new0(struct beginning, 1);
	beginning->broker = broker;
	beginning->request = request;
	beginning->typed = g_strdup(typed);
	beginning->address = g_strdup(address);
	beginning->cookie = g_strdup(flow->cookie);
	http_request_hold(request);
	federation_begin(broker->federation, typed, g_steal_pointer(&flow), begun, beginning);
}

/* --- the browser is back --- */

struct return_trip {
	struct broker *broker;
	struct http_request *request;
};

static void send_to(struct http_request *request, const char *url)
{
	http_request_add_header(request, "location", url);
	http_request_add_header(request, "cache-control", "no-store");
	http_request_add_header(request, "referrer-policy", "no-referrer");
	http_respond_empty(request, 303);
}

/* To the page, which says it; never to where an answer from outside says. */
static void refuse(struct broker *broker, struct http_request *request, const GError *error)
{
	bool ill = error && !g_error_matches(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED);
	g_warning("sign-in from another company: %s",
	    error ? error->message : "the answer fits no sign-in of this browser");
	metric_add(broker->sign_ins, ill ? "failed" : "refused", 1);
	send_to(request, ill ? "/#sign-in-failed" : "/#sign-in-refused");
}

static void send_to_client(
    struct http_request *request, const struct federation_loopback *loopback, const char *code)
{
	g_autoptr(GString) url = g_string_new(NULL);
	g_string_printf(url, "http://127.0.0.1:%u/?%s%s&state=", loopback->port,
	    code ? "code=" : "error=access_denied", code ? code : "");
	g_string_append_uri_escaped(url, loopback->state, NULL, FALSE);
	send_to(request, url->str);
}

/* Page or client get a code; by that, and what ties it to them, they sign in. */
static char *issue_code(
    struct broker *broker, const struct federation_flow *flow, const char *user, GError **error)
{
	struct federation_flow *finish = g_new0(struct federation_flow, 1);
	finish->address = g_strdup(flow->address);
	finish->user = g_strdup(user);
	finish->cookie = g_strdup(flow->cookie);
	finish->loopback.challenge = g_strdup(flow->loopback.challenge);
	return federation_flows_add(
	    federation_flows(broker->federation), finish, broker_now(broker), error);
}

static void vouched(struct federation_flow *flow, const char *user, const GError *error, void *data)
{
	g_autofree struct return_trip *trip = data;
	g_autoptr(GError) failure = NULL;
	g_autofree char *code = user ? issue_code(trip->broker, flow, user, &failure) : NULL;
	error = error ? error : failure;
	if (code && flow->cookie) {
		/* After "#" it reaches the page and no server, log or referrer. */
		g_autofree char *url = g_strconcat("/#sign-in=", code, NULL);
		return send_to(trip->request, url);
	}
	if (flow->cookie)
		return refuse(trip->broker, trip->request, error);
	if (error) {
		g_warning("sign-in from another company: %s", error->message);
		metric_add(trip->broker->sign_ins, "refused", 1);
	}
	send_to_client(trip->request, &flow->loopback, code);
}

static bool is_of_this_browser(struct http_request *request, const struct federation_flow *flow)
{
	g_autofree char *cookie = browser_cookie(request, FLOW_COOKIE);
	return g_strcmp0(cookie, flow->cookie) == 0;
}

void api_federation_callback(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	const char *state = http_request_query(request, "state");
	if (!require(broker, &error))
		return api_fail(request, error);
	AUTO(federation_flow)
	flow = state ? federation_flows_take(
	                   federation_flows(broker->federation), state, broker_now(broker))
	             : NULL;
	if (!flow || flow->user || (flow->cookie && !is_of_this_browser(request, flow)))
		return refuse(broker, request, NULL);
	const struct federation_answer answer = {
	    .organisation = http_request_parameter(request, "organisation"),
	    .code = http_request_query(request, "code"),
	    .issuer = http_request_query(request, "iss"),
	    .problem = http_request_query(request, "error")};
	struct return_trip *trip = g_new0(struct return_trip, 1);
	trip->broker = broker;
	trip->request = request;
	http_request_hold(request);
	federation_redeem(broker->federation, g_steal_pointer(&flow), &answer, vouched, trip);
}

/* --- the code becomes a sign-in --- */

static bool fits(
    struct http_request *request, const struct federation_flow *flow, const char *verifier)
{
	if (!flow || !flow->user)
		return false;
	return flow->cookie ? is_of_this_browser(request, flow)
	                    : verifier && pkce_fits(flow->loopback.challenge, verifier);
}

void api_federation_finish(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	bool browser = false;
	JsonObject *body =
	    require(broker, &error) && browser_check(request, BROWSER_WRITES, &browser, &error)
	        ? api_body(request, &error)
	        : NULL;
	const char *code = body ? json_get_string(body, "code", PKCE_SIZE, &error) : NULL;
	const char *verifier =
	    code ? json_get_optional_string(body, "verifier", VERIFIER_MAX, &error) : NULL;
	if (error)
		return api_fail(request, error);
	AUTO(federation_flow)
	flow =
	    federation_flows_take(federation_flows(broker->federation), code, broker_now(broker));
	if (!fits(request, flow, verifier) || browser != (flow->cookie != NULL)) {
		metric_add(broker->sign_ins, "refused", 1);
		error = g_error_new(QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED,
		    "this sign-in is over, or another's; begin again");
		return api_fail(request, error);
	}
	if (browser)
		set_flow_cookie(request, "", 0);
	const struct api_entrant entrant = {.user = flow->user,
	    .address = http_request_peer(request)->address,
	    .browser = browser,
	    .ticket = true};
	if (api_admit(broker, request, &entrant, &error))
		return;
	metric_add(broker->sign_ins, "failed", 1);
	api_fail(request, error);
}
