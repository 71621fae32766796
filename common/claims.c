/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/claims.h"

#include <openssl/evp.h>
#include <string.h>

#include "common/base64url.h"
#include "common/error.h"
#include "common/json.h"

#define SIGNATURE_SIZE 64 /* Ed25519 (RFC 8032) */
#define ID_MAX 256

char *claims_sign(
    const struct grant_key *key, const char *type, JsonObject *payload, GError **error)
{
	guchar signature[SIGNATURE_SIZE];
	size_t n_signature = sizeof(signature);
	g_autoptr(JsonNode) node = json_node_of(json_object_ref(payload));
	g_autofree char *claims = json_text(node);
	g_autofree char *header = g_strdup_printf(
	    "{\"alg\":\"EdDSA\",\"kid\":\"%s\",\"typ\":\"%s\"}", grant_key_id(key, 0), type);
	g_autofree char *first = base64url_encode(header, strlen(header));
	g_autofree char *second = base64url_encode(claims, strlen(claims));
	g_autofree char *signed_text = g_strconcat(first, ".", second, NULL);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = EVP_DigestSignInit(context, NULL, NULL, NULL, grant_key_pkey(key, 0)) == 1 &&
	            EVP_DigestSign(context, signature, &n_signature, (guchar *)signed_text,
	                strlen(signed_text)) == 1;
	EVP_MD_CTX_free(context);
	if (!good) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot sign with the grant key");
		return NULL;
	}
	g_autofree char *third = base64url_encode(signature, sizeof(signature));
	return g_strconcat(signed_text, ".", third, NULL);
}

static bool signature_is_by(EVP_PKEY *pkey, const char *text, size_t n, const guchar *signature)
{
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good =
	    EVP_DigestVerifyInit(context, NULL, NULL, NULL, pkey) == 1 &&
	    EVP_DigestVerify(context, signature, SIGNATURE_SIZE, (const guchar *)text, n) == 1;
	EVP_MD_CTX_free(context);
	return good;
}

/* By the key that the header names; a header without one may mean any of ours. */
static bool signature_fits(const struct grant_key *key, const char *id, const char *text, size_t n,
    const char *third, size_t n_third)
{
	size_t n_signature = 0;
	g_autofree guchar *signature = base64url_decode(third, n_third, &n_signature);

	if (!signature || n_signature != SIGNATURE_SIZE)
		return false;
	for (unsigned i = 0; i < grant_key_count(key); i++)
		if ((!id || g_str_equal(id, grant_key_id(key, i))) &&
		    signature_is_by(grant_key_pkey(key, i), text, n, signature))
			return true;
	return false;
}

static JsonNode *decode_json(const char *text, size_t n)
{
	size_t n_json = 0;
	g_autofree guchar *json = base64url_decode(text, n, &n_json);
	return json ? json_parse_object((char *)json, (gssize)n_json, NULL) : NULL;
}

/* "none" and "HS256" with our public key as the secret are the classic ways in. */
static bool read_header(const char *text, size_t n, const char *type, char **id)
{
	g_autoptr(JsonNode) node = decode_json(text, n);
	JsonObject *header = node ? json_node_get_object(node) : NULL;
	g_autoptr(GError) error = NULL;
	if (!header || g_strcmp0(json_get_string(header, "alg", 16, NULL), "EdDSA") != 0 ||
	    g_strcmp0(json_get_string(header, "typ", 64, NULL), type) != 0 ||
	    json_object_has_member(header, "crit"))
		return false;
	*id = g_strdup(json_get_optional_string(header, "kid", ID_MAX, &error));
	return !error;
}

JsonNode *claims_verify(const struct grant_key *key, const char *type, const char *token, size_t n)
{
	const char *end = token + n, *first_dot = memchr(token, '.', n);
	const char *second_dot = first_dot ? memchr(first_dot + 1, '.', end - first_dot - 1) : NULL;
	g_autofree char *id = NULL;

	/* The signature first: nothing that it does not cover is looked at more than needed. */
	if (!second_dot || !read_header(token, first_dot - token, type, &id) ||
	    !signature_fits(
	        key, id, token, second_dot - token, second_dot + 1, end - second_dot - 1))
		return NULL;
	return decode_json(first_dot + 1, second_dot - first_dot - 1);
}
