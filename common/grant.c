/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/grant.h"

#include <openssl/rand.h>
#include <string.h>

#include "common/base64url.h"
#include "common/client_key.h"
#include "common/error.h"
#include "common/json.h"
#include "common/claims.h"

#define ISSUER "qvmi-broker"
#define TYPE "JWT"
#define SKEW_S 5
#define CLAIM_MAX 256

static bool refuse(GError **error, const char *why)
{
	g_set_error(
	    error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED, "the grant %s; sign in again", why);
	return false;
}

void grant_free(struct grant *grant)
{
	if (!grant)
		return;
	g_free(grant->id);
	g_free(grant->host);
	g_free(grant->user);
	g_free(grant->phone);
	g_free(grant->session);
	g_free(grant->role);
	g_free(grant->client_key);
	g_free(grant->second);
	g_free(grant);
}

/* --- signing --- */

static JsonObject *write_claims(const struct grant *grant)
{
	JsonObject *claims = json_object_new();

	json_object_set_string_member(claims, "iss", ISSUER);
	json_object_set_string_member(claims, "aud", grant->host);
	json_object_set_string_member(claims, "sub", grant->user);
	json_object_set_string_member(claims, "jti", grant->id);
	json_object_set_int_member(claims, "nbf", grant->not_before);
	json_object_set_int_member(claims, "exp", grant->expires);
	json_object_set_string_member(claims, "phone", grant->phone);
	json_object_set_string_member(claims, "session", grant->session);
	json_object_set_string_member(claims, "role", grant->role);
	if (grant->second)
		json_object_set_string_member(claims, "second", grant->second);
	if (grant->client_key) {
		JsonObject *confirmation = json_object_new();
		json_object_set_object_member(
		    confirmation, "jwk", client_key_jwk(grant->client_key));
		json_object_set_object_member(claims, "cnf", confirmation);
	}
	return claims;
}

char *grant_sign(const struct grant_key *key, struct grant *grant, GError **error)
{
	guchar random[16];

	if (grant->expires <= grant->not_before ||
	    grant->expires - grant->not_before > GRANT_MAX_LIFETIME) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "a grant lives at most %d s",
		    GRANT_MAX_LIFETIME);
		return NULL;
	}
	if (RAND_bytes(random, sizeof(random)) != 1) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "no random numbers");
		return NULL;
	}
	g_free(grant->id);
	grant->id = base64url_encode(random, sizeof(random));
	g_autoptr(JsonObject) claims = write_claims(grant);
	g_autofree char *token = claims_sign(key, TYPE, claims, error);
	if (!token || strlen(token) + 1 + CLIENT_KEY_PROOF_SIZE <= GRANT_MAX_SIZE)
		return g_steal_pointer(&token);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED,
	    "cannot sign the grant: a name in it is too long");
	return NULL;
}

/* --- verifying --- */

/* NULL: as if it said share. */
static bool read_second(JsonObject *claims, struct grant *grant)
{
	static const char *const known[] = {"share", "take-over", "look-on", NULL};
	g_autoptr(GError) error = NULL;
	const char *second = json_get_optional_string(claims, "second", 16, &error);
	grant->second = g_strdup(second);
	return !error && (!second || g_strv_contains(known, second));
}

/* RFC 7800: a grant that names a key is for the one who has it. */
static bool read_confirmation(JsonObject *claims, struct grant *grant)
{
	g_autoptr(GError) error = NULL;
	JsonObject *confirmation = json_get_optional_object(claims, "cnf", &error);
	JsonObject *jwk = confirmation ? json_get_object(confirmation, "jwk", &error) : NULL;
	if (jwk)
		grant->client_key = client_key_of_jwk(jwk, &error);
	return !error;
}

static struct grant *read_claims(JsonObject *claims)
{
	AUTO(grant) grant = g_new0(struct grant, 1);

	if (g_strcmp0(json_get_string(claims, "iss", CLAIM_MAX, NULL), ISSUER) != 0 ||
	    !json_get_int(claims, "nbf", 0, G_MAXINT64, &grant->not_before, NULL) ||
	    !json_get_int(claims, "exp", 0, G_MAXINT64, &grant->expires, NULL))
		return NULL;
	grant->id = g_strdup(json_get_string(claims, "jti", CLAIM_MAX, NULL));
	grant->host = g_strdup(json_get_string(claims, "aud", CLAIM_MAX, NULL));
	grant->user = g_strdup(json_get_string(claims, "sub", CLAIM_MAX, NULL));
	grant->phone = g_strdup(json_get_string(claims, "phone", CLAIM_MAX, NULL));
	grant->session = g_strdup(json_get_string(claims, "session", CLAIM_MAX, NULL));
	grant->role = g_strdup(json_get_string(claims, "role", CLAIM_MAX, NULL));
	if (!grant->id || !grant->host || !grant->user || !grant->phone || !grant->session ||
	    !grant->role || !g_uuid_string_is_valid(grant->phone) ||
	    !g_uuid_string_is_valid(grant->session) ||
	    (!g_str_equal(grant->role, "user") && !g_str_equal(grant->role, "viewer")) ||
	    !read_second(claims, grant) || !read_confirmation(claims, grant))
		return NULL;
	return g_steal_pointer(&grant);
}

static bool check_time(const struct grant *grant, int64_t now, GError **error)
{
	g_autofree char *why = NULL;

	if (now >= grant->expires)
		why =
		    g_strdup_printf("has expired %" G_GINT64_FORMAT " s ago", now - grant->expires);
	else if (now < grant->not_before - SKEW_S)
		why = g_strdup("is not valid yet: the clocks of broker and host differ");
	else if (grant->expires - grant->not_before > GRANT_MAX_LIFETIME)
		why = g_strdup("lives longer than a grant may");
	return why ? refuse(error, why) : true;
}

/* Does what follows the grant show that its owner has the key that it names? */
static bool check_proof(const struct grant *grant, const char *token, size_t n, const char *proof,
    size_t n_proof, GError **error)
{
	if (!grant->client_key && !proof)
		return true;
	if (!grant->client_key)
		return refuse(error, "names no key, but comes with a proof");
	if (!proof)
		return refuse(error, "is for a terminal that has to prove its key");
	return client_key_verify(grant->client_key, CLIENT_KEY_GRANT, token, n, proof, n_proof) ||
	       refuse(error, "is for another terminal");
}

struct grant *grant_verify(const struct grant_key *key, const char *token, size_t n,
    const char *host, int64_t now, GError **error)
{
	const char *tilde = n <= GRANT_MAX_SIZE ? memchr(token, GRANT_PROOF, n) : NULL;
	const char *end = tilde ? tilde : token + n;

	if (n > GRANT_MAX_SIZE || !memchr(token, '.', end - token)) {
		refuse(error, "is not a token");
		return NULL;
	}
	g_autoptr(JsonNode) node = claims_verify(key, TYPE, token, end - token);
	if (!node) {
		refuse(error, "is not signed by this broker");
		return NULL;
	}
	AUTO(grant) grant = read_claims(json_node_get_object(node));
	if (!grant) {
		refuse(error, "lacks a claim");
		return NULL;
	}
	if (!g_str_equal(grant->host, host)) {
		refuse(error, "is for another host");
		return NULL;
	}
	if (!check_time(grant, now, error) ||
	    !check_proof(grant, token, end - token, tilde ? tilde + 1 : NULL,
	        tilde ? token + n - tilde - 1 : 0, error))
		return NULL;
	return g_steal_pointer(&grant);
}
