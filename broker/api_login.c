/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sign-in, sign-out, and who one is. */
#include "broker/api.h"

#include "broker/account.h"
#include "broker/attempt_limiter.h"
#include "broker/audit.h"
#include "broker/broker.h"
#include "broker/caller.h"
#include "broker/device.h"
#include "broker/session.h"
#include "broker/stream_ender.h"
#include "broker/token.h"
#include "common/error.h"
#include "common/json.h"
#include "common/metrics.h"

#define USER_MAX_SIZE 256

/* One sign-in, from the request to the answer. */
struct sign_in {
	struct broker *broker;
	struct http_request *request;
	char *typed; /* the name as typed: could be a password in the wrong field, is not logged */
	char *address; /* where the attempt counts */
	char *device;  /* a known one, or NULL */
	bool browser;
};

static void sign_in_free(struct sign_in *sign_in)
{
	g_free(sign_in->typed);
	g_free(sign_in->address);
	g_free(sign_in->device);
	g_free(sign_in);
}
DEFINE_CLEANUP(sign_in);

static struct attempt attempt_of(const struct sign_in *sign_in)
{
	return (struct attempt){
	    .account = sign_in->typed, .address = sign_in->address, .device = sign_in->device};
}

void api_put_who(JsonObject *object, const char *user, bool admin, int64_t expires)
{
	json_object_set_string_member(object, "user", user);
	json_object_set_boolean_member(object, "admin", admin);
	g_autofree char *text = api_time(expires);
	json_object_set_string_member(object, "expires", text);
}

static void authenticated(const char *user, const GError *error, void *data)
{
	AUTO(sign_in) sign_in = data;
	struct broker *broker = sign_in->broker;
	g_autoptr(GError) failure = NULL;
	const struct attempt attempt = attempt_of(sign_in);
	if (error) {
		attempt_limiter_refund(broker->limiter, &attempt);
		metric_add(broker->sign_ins, "failed", 1);
		return api_fail(sign_in->request, error);
	}
	if (!user) {
		metric_add(broker->sign_ins, "refused", 1);
		AUTO(account) known = account_find(broker->database, sign_in->typed, NULL);
		if (known)
			audit_who(sign_in->request, known->name);
		g_message("sign-in of %s from %s refused", known ? known->name : "an unknown user",
		    sign_in->address);
		g_set_error_literal(&failure, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED,
		    "wrong user name or password");
		return api_fail(sign_in->request, failure);
	}
	attempt_limiter_succeeded(broker->limiter, &attempt);
	const struct api_entrant entrant = {.user = user,
	    .address = sign_in->address,
	    .device = sign_in->device,
	    .browser = sign_in->browser};
	if (api_admit(broker, sign_in->request, &entrant, &failure))
		return;
	metric_add(broker->sign_ins, "failed", 1);
	api_fail(sign_in->request, failure);
}

void api_too_many(struct broker *broker, struct http_request *request, unsigned wait_s)
{
	g_autofree char *seconds = g_strdup_printf("%u", wait_s);
	http_request_add_header(request, "retry-after", seconds);
	metric_add(broker->sign_ins, "delayed", 1);
	g_autoptr(GError) error = g_error_new(QVMI_ERROR, QVMI_ERROR_RATE_LIMITED,
	    "too many wrong attempts; try again in %u s", wait_s);
	api_fail(request, error);
}

/* The peer's address; or, from the operator (the console signs administrators in), the one he says
 * the terminal has, so that attempts count where they come from. */
static char *attempt_address(struct http_request *request, JsonObject *body, GError **error)
{
	if (!caller_is_operator(request))
		return g_strdup(http_request_peer(request)->address);
	g_autoptr(GError) failure = NULL;
	const char *address = json_get_optional_string(body, "address", 64, &failure);
	if (!failure)
		return g_strdup(address ? address : "the admin socket");
	g_propagate_error(error, g_steal_pointer(&failure));
	return NULL;
}

/* The device that the terminal says it is, where this user is known to have it. */
static bool find_device(struct sign_in *sign_in, JsonObject *body, GError **error)
{
	g_autoptr(GError) failure = NULL;
	g_autofree char *cookie =
	    sign_in->browser ? browser_cookie(sign_in->request, CALLER_DEVICE_COOKIE) : NULL;
	const char *text = cookie;
	if (!text)
		text = json_get_optional_string(body, "device", TOKEN_MAX_SIZE, &failure);
	if (!failure)
		sign_in->device = device_find(sign_in->broker->database, text, sign_in->typed,
		    broker_now(sign_in->broker), &failure);
	if (failure)
		g_propagate_error(error, g_steal_pointer(&failure));
	return !failure;
}

static struct sign_in *sign_in_new(
    struct broker *broker, struct http_request *request, const char *user, bool browser)
{
	struct sign_in *sign_in = g_new0(struct sign_in, 1);
	sign_in->broker = broker;
	sign_in->request = request;
	sign_in->typed = g_strdup(user);
	sign_in->browser = browser;
	return sign_in;
}

void api_login(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	bool browser;
	if (!browser_check(request, BROWSER_WRITES, &browser, &error))
		return api_fail(request, error);
	JsonObject *body = api_body(request, &error);
	const char *user = body ? json_get_string(body, "user", USER_MAX_SIZE, &error) : NULL;
	const char *password =
	    user ? json_get_string(body, "password", PASSWORD_MAX_BYTES, &error) : NULL;
	if (!password)
		return api_fail(request, error);
	AUTO(sign_in) sign_in = sign_in_new(broker, request, user, browser);
	sign_in->address = attempt_address(request, body, &error);
	if (!sign_in->address || !find_device(sign_in, body, &error))
		return api_fail(request, error);
	const struct attempt attempt = attempt_of(sign_in);
	unsigned wait_s = attempt_limiter_charge(broker->limiter, &attempt, g_get_monotonic_time());
	if (wait_s)
		return api_too_many(broker, request, wait_s);
	if (broker->authenticator->verify(
	        broker->authenticator_state, user, password, authenticated, sign_in, &error)) {
		g_steal_pointer(&sign_in); /* authenticated() has it */
		return http_request_hold(request);
	}
	attempt_limiter_refund(broker->limiter, &attempt);
	metric_add(broker->sign_ins, "failed", 1);
	api_fail(request, error);
}

void api_logout(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	AUTO(caller) caller = caller_identify_user(broker, request, BROWSER_WRITES, &error);
	if (!caller ||
	    !session_close_of_token(
	        broker->database, caller->token, "signed out", broker_now(broker), &error) ||
	    !token_end(broker->database, caller->token, &error))
		return api_fail(request, error);
	if (caller->browser)
		browser_set_cookie(request, CALLER_COOKIE, "", 0);
	stream_ender_run(broker->streams);
	g_message("%s signed out", caller->user);
	http_respond_empty(request, 204);
}

void api_whoami(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	AUTO(caller) caller = caller_identify_user(broker, request, BROWSER_READS, &error);
	g_autoptr(JsonArray) packages =
	    caller ? api_packages_of(broker, caller->user, &error) : NULL;
	if (!packages)
		return api_fail(request, error);
	JsonObject *object = json_object_new();
	api_put_who(object, caller->user, caller->admin, caller->expires);
	json_object_set_array_member(object, "packages", g_steal_pointer(&packages));
	api_respond(request, 200, object);
}
