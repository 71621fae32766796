/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/proxy/proxy.h"

#include <string.h>

#include "broker/attempt_limiter.h"
#include "broker/oidc/provider_metadata.h"
#include "broker/password_worker.h"
#include "broker/proxy/authorization_code.h"
#include "broker/proxy/relying_party.h"
#include "broker/proxy/sign_in_page.h"
#include "broker/proxy/signing_keys.h"
#include "broker/schema.h"
#include "common/database.h"
#include "common/metrics.h"

#define TURN_S 3600
#define MAX_BODY (16 * 1024)

static const struct http_route routes[] = {
    {.method = "GET", .pattern = "/.well-known/openid-configuration", .handler = api_metadata},
    {.method = "GET", .pattern = "/keys", .handler = api_keys},
    {.method = "GET", .pattern = "/authorize", .handler = api_authorize},
    {.method = "POST", .pattern = "/authorize", .handler = api_authorize_password},
    {.method = "POST", .pattern = "/token", .handler = api_token},
    {.method = "GET", .pattern = "/style.css", .handler = sign_in_page_style},
    {.method = NULL},
};

static int64_t now(void)
{
	return g_get_real_time() / G_USEC_PER_SEC;
}

static gboolean turn_keys(void *data)
{
	struct proxy *proxy = data;
	g_autoptr(GError) error = NULL;
	if (!signing_keys_turn(proxy->keys, now(), &error))
		g_warning("a new signing key: %s", error->message);
	return G_SOURCE_CONTINUE;
}

/* Nobody has a session here that could end. */
static void sessions_ended(void *data)
{
	(void)data;
}

static bool open_sign_in(struct proxy *proxy, const struct proxy_options *options, GError **error)
{
	static const struct password_cost cost = {.memory_kib = 1024, .passes = 1};
	proxy->limiter = attempt_limiter_new();
	/* Kerberos' back end wants one for local accounts. There are none here, so it never works.
	 */
	proxy->passwords = password_worker_new(&cost, 1, 1, error);
	if (!proxy->passwords)
		return false;
	proxy->authenticator_context = (struct authenticator_context){.database = proxy->database,
	    .passwords = proxy->passwords,
	    .realm = options->realm,
	    .clock = now,
	    .ended = sessions_ended,
	    .data = proxy};
	proxy->authenticator = authenticator_kerberos.open(&proxy->authenticator_context, error);
	return proxy->authenticator != NULL;
}

static bool is_issuer(const char *issuer, GError **error)
{
	g_autofree char *origin = provider_origin(issuer, error);
	return origin != NULL;
}

struct proxy *proxy_new(const struct proxy_options *options, GError **error)
{
	AUTO(proxy) proxy = g_new0(struct proxy, 1);
	if (!is_issuer(options->issuer, error))
		return NULL;
	proxy->issuer = g_strdup(options->issuer);
	proxy->title = g_strdup(options->title);
	proxy->database = database_open(options->database_path, broker_schema, error);
	proxy->parties =
	    proxy->database ? relying_parties_load(options->clients_path, error) : NULL;
	proxy->keys = proxy->parties ? signing_keys_open(options->keys_path,
	                                   options->key_lifetime_s, now(), error)
	                             : NULL;
	if (!proxy->keys || !open_sign_in(proxy, options, error))
		return NULL;
	proxy->codes = authorization_codes_new();
	proxy->assertions = metric_counter(
	    "qvmi_proxy_sign_ins_total", "People who were checked for others.", "result");
	proxy->server = http_server_new(routes, proxy);
	http_server_set_max_body(proxy->server, MAX_BODY);
	proxy->turn = g_timeout_add_seconds(TURN_S, turn_keys, proxy);
	return g_steal_pointer(&proxy);
}

void proxy_free(struct proxy *proxy)
{
	if (!proxy)
		return;
	if (proxy->turn)
		g_source_remove(proxy->turn);
	/* These answer the requests they hold, so they go before the server. */
	password_worker_free(proxy->passwords);
	if (proxy->authenticator)
		authenticator_kerberos.close(proxy->authenticator);
	http_server_free(proxy->server);
	authorization_codes_free(proxy->codes);
	signing_keys_free(proxy->keys);
	relying_parties_free(proxy->parties);
	attempt_limiter_free(proxy->limiter);
	database_free(proxy->database);
	g_free(proxy->issuer);
	g_free(proxy->title);
	g_free(proxy);
}
