/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/provider_client.h"

#include <openssl/crypto.h>
#include <string.h>

#include "broker/oidc/jws.h"
#include "common/error.h"
#include "common/file.h"
#include "common/json.h"

#define ANSWER_MAX JWK_SET_MAX_SIZE
#define SECRET_MAX 1024

struct provider {
	struct http_client *http;
	struct provider_metadata *metadata;
	struct jwk_set *keys;
	int64_t metadata_read, keys_read; /* monotonic, us */
};

struct provider_client {
	char *ca_file, *secrets;
	int64_t (*clock)(void);
	GHashTable *providers; /* issuer -> struct provider */
};

/* One thing that is asked for, from the call to its callback. */
struct errand {
	struct provider_client *client;
	struct provider *provider;
	struct voucher *voucher;
	int64_t deadline;
	provider_located_fn located; /* one of the two */
	provider_vouched_fn vouched;
	void *data;
	char *code, *verifier, *redirect_uri, *nonce;
	char *assertion;
	bool keys_are_new; /* asked for by this errand */
};

static void provider_free(void *data)
{
	struct provider *provider = data;
	http_client_free(provider->http);
	provider_metadata_free(provider->metadata);
	jwk_set_free(provider->keys);
	g_free(provider);
}

struct provider_client *provider_client_new(
    const char *ca_file, const char *secrets, int64_t (*clock)(void))
{
	struct provider_client *client = g_new0(struct provider_client, 1);
	client->ca_file = g_strdup(ca_file);
	client->secrets = g_strdup(secrets);
	client->clock = clock;
	client->providers = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, provider_free);
	return client;
}

void provider_client_free(struct provider_client *client)
{
	if (!client)
		return;
	g_hash_table_unref(client->providers);
	g_free(client->ca_file);
	g_free(client->secrets);
	g_free(client);
}

static struct provider *provider_of(
    struct provider_client *client, const char *issuer, GError **error)
{
	struct provider *provider = g_hash_table_lookup(client->providers, issuer);
	g_autofree char *origin = provider ? NULL : provider_origin(issuer, error);
	if (!origin)
		return provider;
	const struct http_client_options options = {.base_url = origin,
	    .ca_file = client->ca_file,
	    .max_answer = ANSWER_MAX,
	    .name = issuer};
	struct http_client *http = http_client_new(&options, error);
	if (!http)
		return NULL;
	provider = g_new0(struct provider, 1);
	provider->http = http;
	g_hash_table_insert(client->providers, g_strdup(issuer), provider);
	return provider;
}

static void errand_end(struct errand *errand, const struct id_token *token, const GError *error)
{
	if (errand->located)
		errand->located(error ? NULL : errand->provider->metadata, error, errand->data);
	else {
		/* Two providers may give the same id, and one may give none. */
		const char *own = token && token->id ? token->id : errand->assertion;
		g_autofree char *named = g_strconcat(errand->voucher->issuer, " ", own, NULL);
		g_autofree char *id = g_compute_checksum_for_string(G_CHECKSUM_SHA256, named, -1);
		errand->vouched(token, id, error, errand->data);
	}
	voucher_free(errand->voucher);
	g_free(errand->code);
	g_free(errand->verifier);
	g_free(errand->redirect_uri);
	g_free(errand->nonce);
	g_free(errand->assertion);
	g_free(errand);
}

static void errand_fail(struct errand *errand, int code, const char *why)
{
	g_autoptr(GError) error =
	    g_error_new(QVMI_ERROR, code, "the provider %s: %s", errand->voucher->issuer, why);
	errand_end(errand, NULL, error);
}

static void call(struct errand *errand, const struct http_call *wanted, http_reply_fn done)
{
	int64_t left = (errand->deadline - g_get_monotonic_time()) / 1000;
	if (left <= 0)
		return errand_fail(errand, QVMI_ERROR_TIMEOUT, "did not answer in time");
	struct http_call timed = *wanted;
	timed.timeout_ms = (unsigned)left;
	http_client_call(errand->provider->http, &timed, NULL, done, errand);
}

/* --- keys, and the end --- */

static void ask_keys(struct errand *errand);

static void check(struct errand *errand)
{
	g_autoptr(GError) error = NULL;
	struct provider *provider = errand->provider;
	bool unknown_key;
	g_autoptr(JsonNode) claims = jws_verify(
	    provider->keys, errand->assertion, strlen(errand->assertion), &unknown_key, &error);
	if (unknown_key && !errand->keys_are_new)
		return ask_keys(errand);
	const struct id_token_expected expected = {.issuer = errand->voucher->issuer,
	    .client_id = errand->voucher->client_id,
	    .nonce = errand->nonce,
	    .now = errand->client->clock()};
	AUTO(id_token)
	token = claims ? id_token_read(json_node_get_object(claims), &expected, &error) : NULL;
	errand_end(errand, token, error);
}

static void keys_came(const struct http_reply *reply, const GError *error, void *data)
{
	struct errand *errand = data;
	struct provider *provider = errand->provider;
	g_autoptr(GError) failure = NULL;
	if (error)
		return errand_fail(errand, QVMI_ERROR_UNAVAILABLE, error->message);
	gsize n = 0;
	const char *bytes = reply->bytes ? g_bytes_get_data(reply->bytes, &n) : NULL;
	g_autofree char *text = reply->json ? json_text(reply->json) : g_strndup(bytes, n);
	struct jwk_set *keys = jwk_set_parse(text, strlen(text), &failure);
	if (!keys)
		return errand_fail(errand, QVMI_ERROR_UNAUTHENTICATED, failure->message);
	jwk_set_free(provider->keys);
	provider->keys = keys;
	provider->keys_read = g_get_monotonic_time();
	errand->keys_are_new = true;
	check(errand);
}

static void ask_keys(struct errand *errand)
{
	const struct http_call keys = {
	    .method = "GET", .path = errand->provider->metadata->keys_path};
	call(errand, &keys, keys_came);
}

/* --- the code --- */

static void assertion_came(const struct http_reply *reply, const GError *error, void *data)
{
	struct errand *errand = data;
	struct provider *provider = errand->provider;
	bool refused = g_error_matches(error, QVMI_ERROR, QVMI_ERROR_INVALID) ||
	               g_error_matches(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED);
	if (error)
		return errand_fail(errand,
		    refused ? QVMI_ERROR_UNAUTHENTICATED : QVMI_ERROR_UNAVAILABLE, error->message);
	JsonObject *object = reply->json ? json_node_get_object(reply->json) : NULL;
	errand->assertion =
	    g_strdup(object ? json_get_string(object, "id_token", JWS_MAX_SIZE, NULL) : NULL);
	if (!errand->assertion)
		return errand_fail(
		    errand, QVMI_ERROR_UNAUTHENTICATED, "it gave no assertion for the code");
	int64_t age = g_get_monotonic_time() - provider->keys_read;
	if (provider->keys && age < PROVIDER_KEYS_S * G_USEC_PER_SEC)
		check(errand);
	else
		ask_keys(errand);
}

static void append(GString *form, const char *name, const char *value)
{
	g_string_append_printf(form, "%s%s=", form->len ? "&" : "", name);
	g_string_append_uri_escaped(form, value, NULL, FALSE);
}

/* "client_secret_basic" (RFC 6749 section 2.3.1). NULL without error: there is no secret. */
static char *read_secret(const struct errand *errand, GError **error)
{
	const char *folder = errand->client->secrets;
	g_autofree char *path =
	    folder ? g_build_filename(folder, errand->voucher->organisation, NULL) : NULL;
	if (!path || !g_file_test(path, G_FILE_TEST_EXISTS))
		return NULL;
	size_t n;
	g_autofree char *secret = file_load(path, SECRET_MAX, &n, error);
	if (!secret)
		return NULL;
	g_autoptr(GString) pair = g_string_new(NULL);
	g_string_append_uri_escaped(pair, errand->voucher->client_id, NULL, FALSE);
	g_string_append_c(pair, ':');
	g_string_append_uri_escaped(pair, g_strchomp(secret), NULL, FALSE);
	g_autofree char *encoded = g_base64_encode((guchar *)pair->str, pair->len);
	OPENSSL_cleanse(secret, n);
	OPENSSL_cleanse(pair->str, pair->len);
	return g_strconcat("Basic ", encoded, NULL);
}

static void redeem(struct errand *errand)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *authorization = read_secret(errand, &error);
	if (error)
		return errand_end(errand, NULL, error);
	g_autoptr(GString) form = g_string_new("grant_type=authorization_code");
	append(form, "code", errand->code);
	append(form, "redirect_uri", errand->redirect_uri);
	append(form, "code_verifier", errand->verifier);
	if (!authorization)
		append(form, "client_id", errand->voucher->client_id);
	const struct http_call exchange = {.method = "POST",
	    .path = errand->provider->metadata->token_path,
	    .form = form->str,
	    .authorization = authorization};
	call(errand, &exchange, assertion_came);
}

/* --- metadata, the begin of all --- */

static void go_on(struct errand *errand)
{
	if (errand->located)
		errand_end(errand, NULL, NULL);
	else
		redeem(errand);
}

static void metadata_came(const struct http_reply *reply, const GError *error, void *data)
{
	struct errand *errand = data;
	struct provider *provider = errand->provider;
	g_autoptr(GError) failure = NULL;
	if (error)
		return errand_fail(errand, QVMI_ERROR_UNAVAILABLE, error->message);
	struct provider_metadata *metadata =
	    reply->json ? provider_metadata_read(
	                      json_node_get_object(reply->json), errand->voucher->issuer, &failure)
	                : NULL;
	if (!metadata)
		return errand_fail(errand, QVMI_ERROR_UNAVAILABLE,
		    failure ? failure->message : "its metadata is no JSON");
	provider_metadata_free(provider->metadata);
	provider->metadata = metadata;
	provider->metadata_read = g_get_monotonic_time();
	go_on(errand);
}

/* Takes the errand. */
static void begin(struct errand *errand)
{
	g_autoptr(GError) error = NULL;
	const char *issuer = errand->voucher->issuer;
	errand->provider = provider_of(errand->client, issuer, &error);
	if (!errand->provider)
		return errand_end(errand, NULL, error);
	int64_t age = g_get_monotonic_time() - errand->provider->metadata_read;
	if (errand->provider->metadata && age < PROVIDER_METADATA_S * G_USEC_PER_SEC)
		return go_on(errand);
	g_autofree char *path = provider_metadata_path(issuer);
	const struct http_call metadata = {.method = "GET", .path = path};
	call(errand, &metadata, metadata_came);
}

static struct errand *errand_new(
    struct provider_client *client, const struct voucher *voucher, int64_t deadline, void *data)
{
	struct errand *errand = g_new0(struct errand, 1);
	errand->client = client;
	errand->voucher = voucher_copy(voucher);
	errand->deadline = deadline;
	errand->data = data;
	return errand;
}

void provider_client_locate(struct provider_client *client, const struct voucher *voucher,
    int64_t deadline, provider_located_fn done, void *data)
{
	struct errand *errand = errand_new(client, voucher, deadline, data);
	errand->located = done;
	begin(errand);
}

void provider_client_redeem(struct provider_client *client,
    const struct provider_exchange *exchange, provider_vouched_fn done, void *data)
{
	struct errand *errand = errand_new(client, exchange->voucher, exchange->deadline, data);
	errand->vouched = done;
	errand->code = g_strdup(exchange->code);
	errand->verifier = g_strdup(exchange->verifier);
	errand->redirect_uri = g_strdup(exchange->redirect_uri);
	errand->nonce = g_strdup(exchange->nonce);
	begin(errand);
}
