/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The authorization endpoint (OpenID Connect Core 3.1.2): whoever holds a ticket goes on without
 * seeing us (RFC 4559), others get the page. We keep nobody signed in: each assertion is of
 * somebody who was checked for it.
 */
#include <string.h>

#include "broker/account.h"
#include "broker/attempt_limiter.h"
#include "broker/membership.h"
#include "broker/negotiate_token.h"
#include "broker/proxy/authorization_code.h"
#include "broker/proxy/proxy.h"
#include "broker/proxy/sign_in_page.h"
#include "common/error.h"
#include "common/metrics.h"

#define USER_MAX 255
#define PASSWORD_MAX 1024

/* One person who is being checked. */
struct check {
	struct proxy *proxy;
	struct http_request *request;
	struct authorization *authorization;
	char *typed; /* NULL: by a ticket */
	char *address;
};

static void check_free(struct check *check)
{
	authorization_free(check->authorization);
	g_free(check->typed);
	g_free(check->address);
	g_free(check);
}
DEFINE_CLEANUP(check);

static void send_to(struct http_request *request, const char *url)
{
	http_request_add_header(request, "location", url);
	http_request_add_header(request, "cache-control", "no-store");
	http_request_add_header(request, "referrer-policy", "no-referrer");
	/* 303: a password that was posted is not posted again to where this leads (RFC 9700 4.12).
	 */
	http_respond_empty(request, 303);
}

static void send_back(struct check *check, const char *error)
{
	g_autofree char *url =
	    authorization_answer(check->authorization, check->proxy->issuer, NULL, error);
	send_to(check->request, url);
}

static struct vouched_person *person_of(struct proxy *proxy, const char *user, GError **error)
{
	AUTO(account) account = account_find(proxy->database, user, error);
	g_autoptr(GPtrArray) groups =
	    account ? membership_list(proxy->database, account->name, "group", error) : NULL;
	if (!groups)
		return NULL;
	struct vouched_person *person = g_new0(struct vouched_person, 1);
	person->subject = g_strdup(account->principal);
	person->username = g_strdup(account->name);
	person->full_name = g_strdup(account->full_name);
	g_autoptr(GStrvBuilder) names = g_strv_builder_new();
	for (unsigned i = 0; i < groups->len; i++)
		g_strv_builder_add(names, groups->pdata[i]);
	person->groups = g_strv_builder_end(names);
	return person;
}

static void vouch(struct check *check, const char *user)
{
	struct proxy *proxy = check->proxy;
	g_autoptr(GError) error = NULL;
	g_autofree char *party = g_strdup(relying_party_id(check->authorization->party));
	/* What the answer needs outlives the code's own copy. */
	struct authorization answer = *check->authorization;
	answer.redirect_uri = g_strdup(answer.redirect_uri);
	answer.state = g_strdup(answer.state);
	struct vouched_person *person = person_of(proxy, user, &error);
	g_autofree char *code =
	    person ? authorization_codes_issue(proxy->codes, g_steal_pointer(&check->authorization),
	                 person, g_get_real_time() / G_USEC_PER_SEC, &error)
	           : NULL;
	g_autofree char *url = authorization_answer(
	    &answer, proxy->issuer, code, code ? NULL : "temporarily_unavailable");
	g_free(answer.redirect_uri);
	g_free(answer.state);
	metric_add(proxy->assertions, code ? "succeeded" : "failed", 1);
	if (code)
		g_message("%s vouched for to %s, at %s", user, party, check->address);
	else
		g_warning("%s: %s", user, error->message);
	send_to(check->request, url);
}

static void ask(struct check *check, unsigned status, const char *complaint)
{
	sign_in_page_send(
	    check->request, status, check->proxy->title, check->authorization, complaint);
}

static void password_checked(const char *user, const GError *error, void *data)
{
	AUTO(check) check = data;
	struct attempt_limiter *limiter = check->proxy->limiter;
	const struct attempt attempt = {.account = check->typed, .address = check->address};
	if (error) {
		g_warning("a password was not checked: %s", error->message);
		attempt_limiter_refund(limiter, &attempt);
		metric_add(check->proxy->assertions, "failed", 1);
		return ask(check, 503, "Nobody can be checked now. Try again in a minute.");
	}
	if (!user) {
		metric_add(check->proxy->assertions, "refused", 1);
		return ask(check, 403, "Wrong name or password.");
	}
	attempt_limiter_succeeded(limiter, &attempt);
	vouch(check, user);
}

static void ticket_checked(const char *user, GBytes *token, const GError *error, void *data)
{
	AUTO(check) check = data;
	if (token && g_bytes_get_size(token) > 0) {
		g_autofree char *proof = negotiate_token_write(token);
		http_request_add_header(check->request, "www-authenticate", proof);
	}
	if (user)
		return vouch(check, user);
	if (error)
		g_warning("a ticket was not checked: %s", error->message);
	metric_add(check->proxy->assertions, error ? "failed" : "refused", 1);
	ask(check, 403, "Your ticket was not accepted. Sign in with your password.");
}

static const char *query_parameter(const char *name, void *request)
{
	return http_request_query(request, name);
}

/* NULL: it is answered already. */
static struct check *check_new(struct proxy *proxy, struct http_request *request)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *answer = NULL;
	struct authorization *authorization = authorization_read(
	    proxy->parties, proxy->issuer, query_parameter, request, &answer, &error);
	if (!authorization) {
		if (answer)
			send_to(request, answer);
		else
			http_respond_error(request, error);
		return NULL;
	}
	struct check *check = g_new0(struct check, 1);
	check->proxy = proxy;
	check->request = request;
	check->authorization = authorization;
	check->address = g_strdup(http_request_peer(request)->address);
	return check;
}

void api_authorize(struct http_request *request, void *data)
{
	struct proxy *proxy = data;
	g_autoptr(GError) error = NULL;
	AUTO(check) check = check_new(proxy, request);
	if (!check)
		return;
	g_autoptr(GBytes) token =
	    negotiate_token_read(http_request_header(request, "authorization"));
	if (!token) {
		/* Browsers that have no ticket show the page. */
		http_request_add_header(request, "www-authenticate", "Negotiate");
		return ask(check, 401, NULL);
	}
	if (g_bytes_get_size(token) > 0 && authenticator_kerberos.negotiate(proxy->authenticator,
	                                       token, ticket_checked, check, &error)) {
		g_steal_pointer(&check);
		return http_request_hold(request);
	}
	ask(check, error ? 503 : 403, "Your ticket was not accepted. Sign in with your password.");
}

/* A form of another site's page cannot have somebody signed in here under a name of its choice. */
static bool comes_from_our_page(struct http_request *request, const char *issuer)
{
	const char *origin = http_request_header(request, "origin");
	const char *site = http_request_header(request, "sec-fetch-site");
	return (!site || g_str_equal(site, "same-origin")) &&
	       (!origin || g_ascii_strcasecmp(origin, issuer) == 0 || g_str_equal(origin, "null"));
}

static GHashTable *form_of(struct http_request *request)
{
	gsize n;
	const char *text = g_bytes_get_data(http_request_body(request), &n);
	return g_uri_parse_params(text ? text : "", (gssize)n, "&", G_URI_PARAMS_WWW_FORM, NULL);
}

void api_authorize_password(struct http_request *request, void *data)
{
	struct proxy *proxy = data;
	g_autoptr(GError) error = NULL;
	AUTO(check) check = check_new(proxy, request);
	if (!check)
		return;
	if (!comes_from_our_page(request, proxy->issuer))
		return send_back(check, "access_denied");
	g_autoptr(GHashTable) form = form_of(request);
	const char *user = form ? g_hash_table_lookup(form, "user") : NULL;
	const char *password = form ? g_hash_table_lookup(form, "password") : NULL;
	if (!user || !password || strlen(user) > USER_MAX || strlen(password) > PASSWORD_MAX)
		return ask(check, 400, "Type name and password.");
	const struct attempt attempt = {.account = user, .address = check->address};
	unsigned wait_s = attempt_limiter_charge(proxy->limiter, &attempt, g_get_monotonic_time());
	if (wait_s) {
		g_autofree char *wait =
		    g_strdup_printf("Too many wrong passwords. Try again in %u s.", wait_s);
		return ask(check, 429, wait);
	}
	check->typed = g_strdup(user);
	if (authenticator_kerberos.verify(
	        proxy->authenticator, user, password, password_checked, check, &error)) {
		g_steal_pointer(&check);
		return http_request_hold(request);
	}
	attempt_limiter_refund(proxy->limiter, &attempt);
	ask(check, 503, "Nobody can be checked now. Try again in a minute.");
}
