/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The second half of a sign-in, and its reset by administrators. */
#include "broker/api.h"

#include "broker/attempt_limiter.h"
#include "broker/broker.h"
#include "broker/caller.h"
#include "broker/challenge.h"
#include "broker/device.h"
#include "broker/factor_policy.h"
#include "broker/qr_code.h"
#include "broker/second_factor.h"
#include "broker/session.h"
#include "broker/stream_ender.h"
#include "broker/token.h"
#include "broker/welcomer.h"
#include "common/error.h"
#include "common/json.h"
#include "common/metrics.h"

#define CODE_MAX_SIZE 64

static bool fail(GError **error, enum qvmi_error_code code, const char *why)
{
	g_set_error_literal(error, QVMI_ERROR, (int)code, why);
	return false;
}

/* --- asking --- */

/* What an authenticator application needs. NULL with error. */
static JsonObject *enrolment(
    const struct broker *broker, const struct challenge *challenge, GError **error)
{
	g_autofree char *secret = totp_base32(challenge->secret, TOTP_SECRET_SIZE);
	g_autofree char *uri = totp_uri(secret, broker->factor_issuer, challenge->user);
	JsonArray *rows = qr_code_rows(uri, error);

	if (!rows)
		return NULL;
	JsonObject *object = json_object_new();

	json_object_set_string_member(object, "uri", uri);
	json_object_set_string_member(object, "secret", secret);
	json_object_set_array_member(object, "qr", rows);
	return object;
}

static bool ask(struct broker *broker, struct http_request *request,
    const struct api_entrant *entrant, bool enrolled, GError **error)
{
	struct challenge *challenge = g_new0(struct challenge, 1);

	challenge->user = g_strdup(entrant->user);
	challenge->address = g_strdup(entrant->address);
	challenge->device = g_strdup(entrant->device);
	challenge->browser = entrant->browser;
	challenge->ticket = entrant->ticket;
	challenge->enrolling = !enrolled;
	g_autofree char *name =
	    challenges_add(broker->challenges, challenge, broker_now(broker), error);

	if (!name)
		return false;
	JsonObject *enrol = enrolled ? NULL : enrolment(broker, challenge, error);

	if (!enrolled && !enrol)
		return false;
	JsonObject *object = json_object_new();
	g_autofree char *expires = api_time(challenge->expires);

	json_object_set_string_member(object, "challenge", name);
	json_object_set_string_member(object, "expires", expires);
	if (enrol)
		json_object_set_object_member(object, "enrolment", enrol);
	metric_add(broker->sign_ins, "second factor asked", 1);
	api_respond(request, 202, object);
	return true;
}

bool api_admit(struct broker *broker, struct http_request *request,
    const struct api_entrant *entrant, GError **error)
{
	const struct factor_policy *policy =
	    entrant->ticket ? broker->factor_after_ticket : broker->factor_after_password;
	bool needed = false, enrolled;

	if (!factor_policy_is_nobody(policy)) {
		AUTO(account) account = account_find(broker->database, entrant->user, error);
		if (!account ||
		    !factor_policy_needs(policy, broker->database, account, &needed, error))
			return false;
	}
	if (!needed) {
		welcomer_add(broker->welcomer, request, entrant, NULL);
		return true;
	}
	return second_factor_is_enrolled(broker->database, entrant->user, &enrolled, error) &&
	       ask(broker, request, entrant, enrolled, error);
}

/* --- answering --- */

/* The password or ticket was right, so whoever guesses here guesses six digits: all devices that
 * are not known share one allowance. */
static struct attempt attempt_of(const struct challenge *challenge)
{
	return (struct attempt){.account = challenge->user,
	    .address = challenge->address,
	    .device = challenge->device ? challenge->device : "unknown"};
}

/* Not refused: what to tell beside the sign-in. */
static bool check_new(struct broker *broker, const struct challenge *challenge, const char *code,
    JsonObject *more, enum second_factor_outcome *outcome, GError **error)
{
	int64_t now = broker_now(broker);
	uint64_t step = totp_find_step(challenge->secret, TOTP_SECRET_SIZE, code, now, 0);

	*outcome = step ? FACTOR_SHOWN : FACTOR_REFUSED;
	if (!step)
		return true;
	g_auto(GStrv) codes = second_factor_enrol(broker->database, broker->secret_key,
	    challenge->user, challenge->secret, step, now, error);

	if (!codes)
		return false;
	JsonArray *array = json_array_new();

	for (unsigned i = 0; codes[i]; i++)
		json_array_add_string_element(array, codes[i]);
	json_object_set_array_member(more, "recovery_codes", array);
	g_message("%s has enrolled a second factor from %s", challenge->user, challenge->address);
	return true;
}

static bool check_known(struct broker *broker, const struct challenge *challenge, const char *code,
    JsonObject *more, enum second_factor_outcome *outcome, GError **error)
{
	if (!second_factor_check(broker->database, broker->secret_key, challenge->user, code,
	        broker_now(broker), outcome, error))
		return false;
	if (*outcome != FACTOR_RECOVERED)
		return true;
	int left = second_factor_codes_left(broker->database, challenge->user, error);

	if (left < 0)
		return false;
	json_object_set_int_member(more, "recovery_codes_left", left);
	g_message("%s has used a recovery code from %s, %d are left", challenge->user,
	    challenge->address, left);
	return true;
}

static void wrong(struct broker *broker, struct http_request *request, struct challenge *challenge)
{
	g_autoptr(GError) error = g_error_new(QVMI_ERROR, QVMI_ERROR_DENIED,
	    "this is not the code, or it was used already; wait for the next one and check the "
	    "clock of the device that shows it");

	metric_add(broker->sign_ins, "refused", 1);
	g_message("wrong second factor of %s from %s", challenge->user, challenge->address);
	challenges_count_wrong(broker->challenges, challenge);
	api_fail(request, error);
}

static void welcome(struct broker *broker, struct http_request *request,
    struct challenge *challenge, JsonObject *more)
{
	const struct api_entrant entrant = {.user = challenge->user,
	    .address = challenge->address,
	    .device = challenge->device,
	    .browser = challenge->browser,
	    .ticket = challenge->ticket};

	welcomer_add(broker->welcomer, request, &entrant, more);
	challenges_end(broker->challenges, challenge);
}

static void answer(struct broker *broker, struct http_request *request, struct challenge *challenge,
    const char *code)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(JsonObject) more = json_object_new();
	enum second_factor_outcome outcome;
	const struct attempt attempt = attempt_of(challenge);
	unsigned wait_s =
	    attempt_limiter_charge(broker->code_limiter, &attempt, g_get_monotonic_time());

	if (wait_s)
		return api_too_many(broker, request, wait_s);
	bool looked = challenge->enrolling
	                  ? check_new(broker, challenge, code, more, &outcome, &error)
	                  : check_known(broker, challenge, code, more, &outcome, &error);

	if (looked && outcome == FACTOR_REFUSED)
		return wrong(broker, request, challenge);
	if (looked) {
		attempt_limiter_succeeded(broker->code_limiter, &attempt);
		return welcome(broker, request, challenge, g_steal_pointer(&more));
	}
	attempt_limiter_refund(broker->code_limiter, &attempt);
	metric_add(broker->sign_ins, "failed", 1);
	api_fail(request, error);
}

void api_second_factor(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	bool browser;
	JsonObject *body = browser_check(request, BROWSER_WRITES, &browser, &error)
	                       ? api_body(request, &error)
	                       : NULL;
	const char *name = body ? json_get_string(body, "challenge", TOKEN_MAX_SIZE, &error) : NULL;
	const char *code = name ? json_get_string(body, "code", CODE_MAX_SIZE, &error) : NULL;

	if (!code)
		return api_fail(request, error);
	struct challenge *challenge = challenges_find(broker->challenges, name, broker_now(broker));

	/* A page can not turn its sign-in into one whose token scripts can read. */
	if (challenge && challenge->browser == browser)
		return answer(broker, request, challenge, code);
	fail(&error, QVMI_ERROR_UNAUTHENTICATED,
	    "this sign-in took too long or had too many wrong codes; begin it again");
	api_fail(request, error);
}

/* --- administrators --- */

static bool forget(struct broker *broker, const char *user, GError **error)
{
	return second_factor_forget(broker->database, user, error) &&
	       device_forget_all(broker->database, user, error) &&
	       token_end_all(broker->database, user, error) &&
	       session_close_of_user(broker->database, user, "the second factor was removed",
	           broker_now(broker), error);
}

void api_second_factor_remove(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	AUTO(caller) caller = caller_identify_admin(broker, request, BROWSER_WRITES, &error);
	const char *user = http_request_parameter(request, "name");

	if (!caller || !database_begin(broker->database, &error))
		return api_fail(request, error);
	if (!forget(broker, user, &error) || !database_commit(broker->database, &error)) {
		database_rollback(broker->database);
		return api_fail(request, error);
	}
	challenges_end_all(broker->challenges, user);
	stream_ender_run(broker->streams);
	g_message("the second factor of %s was removed by %s; his sign-ins have ended", user,
	    caller_name(caller));
	http_respond_empty(request, 204);
}
