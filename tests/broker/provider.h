/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A UAAS and a company's provider in the test's own process, the latter in all moods; and a
 * browser's way through a sign-in. Includes the broker's fixture.
 */
#pragma once

#include "broker/federation.h"
#include "tests/broker/fixture.h"
#include "tests/oidc/key.h"

enum provider_mood {
	PROVIDER_GOOD,
	PROVIDER_SIGNS_WITH_NONE,
	PROVIDER_SIGNS_WITH_PUBLIC_KEY,
	PROVIDER_SIGNS_WITH_STRANGE_KEY,
	PROVIDER_TALKS_WITHOUT_END,
	PROVIDER_GIVES_NOTHING,
	PROVIDER_TALKS_NONSENSE,
	PROVIDER_REFUSES,
	PROVIDER_IS_ILL,
	PROVIDER_HANGS,
	PROVIDER_PUBLISHES_NOTHING,
};

struct simulated_provider {
	struct fixture *fixture;
	struct http_server *server, *uaas;
	char *issuer;
	enum provider_mood mood;
	cjose_jwk_t *key, *strange_key; /* of the same id */
	const char *token_endpoint;     /* NULL: its own */
	char *subject, *username, *id, *nonce;
	const char *more; /* members that replace those of the assertion; or NULL */
	bool uaas_is_away;
	bool gone;          /* the UAAS knows the company no more */
	GPtrArray *hanging; /* requests */
	struct federation_settings settings;
};

static inline void simulated_organisation(struct http_request *request, void *data)
{
	struct simulated_provider *p = data;
	const char *domain = http_request_parameter(request, "domain");
	bool known = g_str_equal(domain, "company.test") || g_str_equal(domain, "second.test");
	g_autoptr(GError) error = NULL;
	if (p->uaas_is_away)
		error = g_error_new(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "away");
	else if (!known || p->gone)
		error = g_error_new(QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "unknown");
	if (error)
		return http_respond_error(request, error);
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "issuer", p->issuer);
	json_object_set_string_member(object, "client_id", "telco");
	http_respond_json(request, 200, json_node_of(object));
}

static inline void simulated_metadata(struct http_request *request, void *data)
{
	struct simulated_provider *p = data;
	g_autofree char *text = g_strdup_printf(
	    "{\"issuer\":\"%s\",\"authorization_endpoint\":\"%s/authorize\",\"token_endpoint\":"
	    "\"%s%s\",\"jwks_uri\":\"%s/keys\"}",
	    p->issuer, p->issuer, p->token_endpoint ? p->token_endpoint : p->issuer, "/token",
	    p->issuer);
	http_respond_json(request, 200, json_parse_object(text, -1, NULL));
}

static inline void simulated_keys(struct http_request *request, void *data)
{
	struct simulated_provider *p = data;
	g_autofree char *set = test_key_set(p->key);
	const char *text = p->mood == PROVIDER_PUBLISHES_NOTHING ? "{\"keys\":[]}" : set;
	http_respond_json(request, 200, json_parse_object(text, -1, NULL));
}

static inline char *simulated_claims(const struct simulated_provider *p)
{
	g_autofree char *text = g_strdup_printf(
	    "{\"iss\":\"%s\",\"aud\":\"telco\",\"sub\":\"%s\",\"preferred_username\":\"%s\","
	    "\"nonce\":\"%s\",\"jti\":\"%s\",\"iat\":%" G_GINT64_FORMAT ",\"exp\":%" G_GINT64_FORMAT
	    ",\"groups\":[\"staff\"]%s%s}",
	    p->issuer, p->subject, p->username, p->nonce, p->id, fixture_time, fixture_time + 60,
	    p->more ? "," : "", p->more ? p->more : "");
	/* Written again: of two members of one name the last is left. */
	g_autoptr(JsonNode) node = json_parse_object(text, -1, NULL);
	g_assert_nonnull(node);
	return json_text(node);
}

static inline char *simulated_assertion(const struct simulated_provider *p)
{
	g_autofree char *claims = simulated_claims(p);
	if (p->mood == PROVIDER_SIGNS_WITH_NONE)
		return test_unsigned("{\"alg\":\"none\"}", claims, "");
	if (p->mood == PROVIDER_SIGNS_WITH_STRANGE_KEY)
		return test_token(p->strange_key, "ES256", claims);
	if (p->mood != PROVIDER_SIGNS_WITH_PUBLIC_KEY)
		return test_token(p->key, "ES256", claims);
	g_autofree char *public_key = test_key_json(p->key);
	cjose_jwk_t *secret =
	    cjose_jwk_create_oct_spec((const uint8_t *)public_key, strlen(public_key), NULL);
	cjose_jwk_set_kid(secret, "key", 3, NULL);
	char *token = test_token(secret, "HS256", claims);
	cjose_jwk_release(secret);
	return token;
}

static inline void simulated_token(struct http_request *request, void *data)
{
	struct simulated_provider *p = data;
	if (p->mood == PROVIDER_HANGS) {
		http_request_hold(request);
		return g_ptr_array_add(p->hanging, request);
	}
	JsonObject *object = json_object_new();
	g_autofree char *assertion = simulated_assertion(p);
	g_autofree char *endless = g_strnfill(1 << 20, 'x');
	if (p->mood == PROVIDER_TALKS_WITHOUT_END)
		json_object_set_string_member(object, "padding", endless);
	if (p->mood == PROVIDER_TALKS_NONSENSE)
		json_object_set_int_member(object, "id_token", 7);
	else if (p->mood != PROVIDER_GIVES_NOTHING)
		json_object_set_string_member(object, "id_token", assertion);
	http_respond_json(request,
	    p->mood == PROVIDER_REFUSES  ? 400
	    : p->mood == PROVIDER_IS_ILL ? 500
	                                 : 200,
	    json_node_of(object));
}

static const struct http_route simulated_provider_routes[] = {
    {.method = "GET",
        .pattern = "/.well-known/openid-configuration",
        .handler = simulated_metadata},
    {.method = "GET", .pattern = "/keys", .handler = simulated_keys},
    {.method = "POST", .pattern = "/token", .handler = simulated_token},
    {.method = NULL},
};
static const struct http_route simulated_uaas_routes[] = {
    {.method = "GET", .pattern = "/v1/organisations/{domain}", .handler = simulated_organisation},
    {.method = NULL},
};

static inline void set(char **text, const char *value)
{
	g_free(*text);
	*text = g_strdup(value);
}

/* The broker anew, as after a restart. */
static inline void provider_restart_broker(struct fixture *f)
{
	broker_free(f->broker);
	fixture_start(f, 1024);
}

static inline void provider_start(struct simulated_provider *p, struct fixture *f)
{
	g_autofree char *certificate = fixture_path(f, "tls/terminal.pem");
	g_autofree char *key = fixture_path(f, "tls/terminal.key");
	g_autofree char *socket = fixture_path(f, "uaas.sock");
	const struct http_listen tls = {
	    .address = "127.0.0.1", .certificate_file = certificate, .key_file = key};
	const struct http_listen local = {.unix_path = socket};
	GError *error = NULL;
	*p = (struct simulated_provider){.fixture = f};
	p->server = http_server_new(simulated_provider_routes, p);
	p->uaas = http_server_new(simulated_uaas_routes, p);
	p->hanging = g_ptr_array_new();
	http_server_listen(p->server, &tls, &error);
	g_assert_no_error(error);
	http_server_listen(p->uaas, &local, &error);
	g_assert_no_error(error);
	p->issuer =
	    g_strdup_printf("https://127.0.0.1:%u", http_server_port(p->server, "127.0.0.1"));
	p->key = test_key("key");
	p->strange_key = test_key("key");
	set(&p->subject, "s-1");
	set(&p->username, "alice");
	set(&p->id, "id-1");
	set(&p->nonce, "");
	p->settings = (struct federation_settings){
	    .address = "https://phones.test",
	    .uaas = {.base_url = g_strconcat("unix:", socket, NULL), .name = "the UAAS"},
	    .provider_ca = f->ca,
	    .cache_s = 0,
	    .deadline_us = 30 * G_USEC_PER_SEC,
	};
	f->federation = &p->settings;
	provider_restart_broker(f);
}

/* After the broker. */
static inline void provider_stop(struct simulated_provider *p)
{
	for (unsigned i = 0; i < p->hanging->len; i++)
		http_respond_empty(p->hanging->pdata[i], 204);
	http_server_free(p->server);
	http_server_free(p->uaas);
	g_ptr_array_unref(p->hanging);
	cjose_jwk_release(p->key);
	cjose_jwk_release(p->strange_key);
	g_free((char *)p->settings.uaas.base_url);
	g_free(p->issuer);
	g_free(p->subject);
	g_free(p->username);
	g_free(p->id);
	g_free(p->nonce);
}

/* --- a browser --- */

struct trip {
	char *state, *cookie; /* "Cookie: ..." */
};

static inline void trip_free(struct trip *trip)
{
	g_free(trip->state);
	g_free(trip->cookie);
	g_free(trip);
}
DEFINE_CLEANUP(trip);

/* Begins as somebody of the organisation; NULL: it was refused. */
static inline struct trip *trip_begin(struct simulated_provider *p, const char *organisation)
{
	g_autofree char *body = g_strdup_printf("{\"user\":\"alice@%s\"}", organisation);
	const struct question question = {.method = "POST",
	    .path = "/v1/login/federation",
	    .body = body,
	    .headers = {"X-QVMI-Client: browser"}};
	AUTO(reply) reply = ask(p->fixture, &question);
	if (reply->status != 200)
		return NULL;
	g_autoptr(GUri) uri = g_uri_parse(member(reply, "redirect"), G_URI_FLAGS_ENCODED, NULL);
	g_autoptr(GHashTable) query =
	    g_uri_parse_params(g_uri_get_query(uri), -1, "&", G_URI_PARAMS_NONE, NULL);
	set(&p->nonce, g_hash_table_lookup(query, "nonce"));
	g_autofree char *cookie = header(reply, "set-cookie");
	*strchr(cookie, ';') = '\0';
	struct trip *trip = g_new0(struct trip, 1);
	trip->state = g_strdup(g_hash_table_lookup(query, "state"));
	trip->cookie = g_strconcat("Cookie: ", cookie, NULL);
	return trip;
}

/* Where the broker sends the browser that comes back by this address. Caller frees. */
static inline char *trip_return(
    struct simulated_provider *p, const struct trip *trip, const char *path_and_query)
{
	g_autofree char *path =
	    g_strdup_printf("/v1/federation/callback/%s&state=%s", path_and_query, trip->state);
	const struct question question = {.method = "GET", .path = path, .headers = {trip->cookie}};
	AUTO(reply) reply = ask(p->fixture, &question);
	g_assert_cmpint(reply->status, ==, 303);
	return header(reply, "location");
}

/* The whole way. The user that the broker then knows; NULL: refused. Caller frees. */
static inline char *trip_make(struct simulated_provider *p, const char *organisation)
{
	AUTO(trip) trip = trip_begin(p, organisation);
	g_assert_nonnull(trip);
	g_autofree char *back = g_strconcat(organisation, "?code=c", NULL);
	g_autofree char *location = trip_return(p, trip, back);
	if (!g_str_has_prefix(location, "/#sign-in="))
		return NULL;
	g_autofree char *body =
	    g_strdup_printf("{\"code\":\"%s\"}", location + strlen("/#sign-in="));
	const struct question question = {.method = "POST",
	    .path = "/v1/login/federation/finish",
	    .body = body,
	    .headers = {"X-QVMI-Client: browser", trip->cookie}};
	AUTO(reply) reply = ask(p->fixture, &question);
	g_assert_cmpint(reply->status, ==, 200);
	return g_strdup(member(reply, "user"));
}
