/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What relying parties ask themselves: the code's exchange (OpenID Connect Core 3.1.3), what we can
 * (Discovery 1.0), our keys. */
#include <string.h>

#include "broker/oidc/id_token.h"
#include "broker/oidc/jws.h"
#include "common/pkce.h"
#include "broker/proxy/authorization_code.h"
#include "broker/proxy/proxy.h"
#include "broker/proxy/relying_party.h"
#include "broker/proxy/signing_keys.h"
#include "common/json.h"

static void respond(struct http_request *request, unsigned status, JsonNode *node)
{
	http_request_add_header(request, "cache-control", "no-store");
	http_respond_json(request, status, node);
}

/* RFC 6749 section 5.2. */
static void fail(struct http_request *request, unsigned status, const char *error)
{
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "error", error);
	if (status == 401)
		http_request_add_header(request, "www-authenticate", "Basic realm=\"token\"");
	respond(request, status, json_node_of(object));
}

/* Id and secret as "client_secret_basic" (RFC 6749 2.3.1) or "client_secret_post" give them. */
struct credentials {
	char *id, *secret;
};

static void credentials_clear(struct credentials *credentials)
{
	g_free(credentials->id);
	g_free(credentials->secret);
}

static char *form_decode(const char *text, size_t n)
{
	g_autofree char *copy = g_strndup(text, n);
	g_strdelimit(copy, "+", ' ');
	return g_uri_unescape_string(copy, NULL);
}

static void read_basic(struct credentials *credentials, const char *encoded)
{
	gsize n;
	g_autofree guchar *bytes = g_base64_decode(encoded, &n);
	g_autofree char *text = g_strndup((char *)bytes, n);
	const char *colon = strchr(text, ':');
	if (!colon)
		return;
	credentials->id = form_decode(text, (size_t)(colon - text));
	credentials->secret = form_decode(colon + 1, strlen(colon + 1));
}

static const struct relying_party *authenticate(
    struct proxy *proxy, struct http_request *request, GHashTable *form)
{
	const char *authorization = http_request_header(request, "authorization");
	struct credentials given = {0};
	if (authorization && g_ascii_strncasecmp(authorization, "basic ", 6) == 0) {
		read_basic(&given, authorization + 6);
	} else {
		given.id = g_strdup(g_hash_table_lookup(form, "client_id"));
		given.secret = g_strdup(g_hash_table_lookup(form, "client_secret"));
	}
	const struct relying_party *party =
	    given.id ? relying_party_find(proxy->parties, given.id) : NULL;
	if (party && !relying_party_is_proven(party, given.secret))
		party = NULL;
	credentials_clear(&given);
	return party;
}

/* Takes the nonce and the person's members. */
static char *make_assertion(struct proxy *proxy, const struct relying_party *party, char *nonce,
    struct vouched_person *person, GError **error)
{
	int64_t now = g_get_real_time() / G_USEC_PER_SEC;
	AUTO(id_token) token = g_new0(struct id_token, 1);
	token->issuer = g_strdup(proxy->issuer);
	token->audience = g_strdup(relying_party_id(party));
	token->nonce = nonce;
	token->id = pkce_random();
	token->issued = now;
	token->good_until = now + ID_TOKEN_LIFETIME_S;
	token->subject = g_steal_pointer(&person->subject);
	token->username = g_steal_pointer(&person->username);
	token->full_name = g_steal_pointer(&person->full_name);
	token->groups = g_steal_pointer(&person->groups);
	g_autoptr(JsonNode) claims = id_token_write(token);
	return jws_sign(signing_keys_current(proxy->keys), claims, error);
}

static GHashTable *form_of(struct http_request *request)
{
	const char *type = http_request_header(request, "content-type");
	gsize n;
	const char *text = g_bytes_get_data(http_request_body(request), &n);
	if (!type || !g_str_has_prefix(type, "application/x-www-form-urlencoded"))
		return NULL;
	return g_uri_parse_params(text ? text : "", (gssize)n, "&", G_URI_PARAMS_WWW_FORM, NULL);
}

void api_token(struct http_request *request, void *data)
{
	struct proxy *proxy = data;
	g_autoptr(GError) error = NULL;
	g_autoptr(GHashTable) form = form_of(request);
	if (!form)
		return fail(request, 400, "invalid_request");
	const struct relying_party *party = authenticate(proxy, request, form);
	if (!party)
		return fail(request, 401, "invalid_client");
	const char *type = g_hash_table_lookup(form, "grant_type");
	const char *code = g_hash_table_lookup(form, "code");
	const struct authorization_proof proof = {
	    .party = party,
	    .redirect_uri = g_hash_table_lookup(form, "redirect_uri"),
	    .verifier = g_hash_table_lookup(form, "code_verifier"),
	    .now = g_get_real_time() / G_USEC_PER_SEC,
	};
	if (g_strcmp0(type, "authorization_code") != 0)
		return fail(request, 400, "unsupported_grant_type");
	if (!code || !proof.redirect_uri || !proof.verifier)
		return fail(request, 400, "invalid_request");
	char *nonce;
	AUTO(vouched_person)
	person = authorization_codes_redeem(proxy->codes, code, &proof, &nonce);
	if (!person)
		return fail(request, 400, "invalid_grant");
	g_autofree char *assertion = make_assertion(proxy, party, nonce, person, &error);
	if (!assertion)
		return http_respond_error(request, error);
	JsonObject *object = json_object_new();
	/* OAuth wants an access token (RFC 6749 5.1). There is nothing here that ours opens. */
	g_autofree char *nothing = pkce_random();
	json_object_set_string_member(object, "access_token", nothing);
	json_object_set_string_member(object, "token_type", "Bearer");
	json_object_set_int_member(object, "expires_in", ID_TOKEN_LIFETIME_S);
	json_object_set_string_member(object, "id_token", assertion);
	respond(request, 200, json_node_of(object));
}

static void set_words(JsonObject *object, const char *member, const char *words)
{
	g_auto(GStrv) list = g_strsplit(words, " ", -1);
	JsonArray *array = json_array_new();
	for (char **word = list; *word; word++)
		json_array_add_string_element(array, *word);
	json_object_set_array_member(object, member, array);
}

static void set_url(JsonObject *object, const char *member, const char *issuer, const char *path)
{
	g_autofree char *url = g_strconcat(issuer, path, NULL);
	json_object_set_string_member(object, member, url);
}

void api_metadata(struct http_request *request, void *data)
{
	struct proxy *proxy = data;
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "issuer", proxy->issuer);
	set_url(object, "authorization_endpoint", proxy->issuer, "/authorize");
	set_url(object, "token_endpoint", proxy->issuer, "/token");
	set_url(object, "jwks_uri", proxy->issuer, "/keys");
	set_words(object, "response_types_supported", "code");
	set_words(object, "response_modes_supported", "query");
	set_words(object, "grant_types_supported", "authorization_code");
	set_words(object, "subject_types_supported", "public");
	set_words(object, "id_token_signing_alg_values_supported", "ES256");
	set_words(object, "scopes_supported", "openid");
	set_words(object, "token_endpoint_auth_methods_supported",
	    "client_secret_basic client_secret_post none");
	set_words(object, "code_challenge_methods_supported", "S256");
	set_words(object, "claims_supported",
	    "iss sub aud exp iat nonce jti preferred_username name groups");
	json_object_set_boolean_member(
	    object, "authorization_response_iss_parameter_supported", true);
	json_object_set_boolean_member(object, "request_uri_parameter_supported", false);
	http_respond_json(request, 200, json_node_of(object));
}

void api_keys(struct http_request *request, void *data)
{
	struct proxy *proxy = data;
	http_respond_json(request, 200, signing_keys_publish(proxy->keys));
}
