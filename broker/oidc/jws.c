/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/oidc/jws.h"

#include <string.h>

#include "common/base64url.h"
#include "common/error.h"
#include "common/json.h"

G_DEFINE_AUTOPTR_CLEANUP_FUNC(cjose_jws_t, cjose_jws_release)
G_DEFINE_AUTOPTR_CLEANUP_FUNC(cjose_header_t, cjose_header_release)

static JsonNode *refuse(const char *why, GError **error)
{
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED, "the assertion %s", why);
	return NULL;
}

/* The key that header and set agree on, by the algorithms we take: the header alone never decides
 * how it is verified. */
static const cjose_jwk_t *find_key(
    const struct jwk_set *keys, cjose_jws_t *jws, bool *unknown_key, GError **error)
{
	static const char *const taken[] = {"ES256", "RS256", "PS256", NULL};
	cjose_header_t *header = cjose_jws_get_protected(jws);
	const char *algorithm = cjose_header_get(header, CJOSE_HDR_ALG, NULL);
	g_autofree char *critical = cjose_header_get_raw(header, "crit", NULL);
	if (critical || !algorithm || !g_strv_contains(taken, algorithm)) {
		refuse("is not signed with ES256, RS256 or PS256", error);
		return NULL;
	}
	const char *id = cjose_header_get(header, CJOSE_HDR_KID, NULL);
	const cjose_jwk_t *key = jwk_set_find(keys, id, algorithm);
	*unknown_key = !key;
	if (!key)
		refuse("is signed with a key that its provider does not publish", error);
	return key;
}

/* Three parts in base64url: libcjose asserts that they are, and ends the process otherwise. */
static bool is_compact(const char *token)
{
	g_auto(GStrv) parts = g_strsplit(token, ".", 4);
	bool good = g_strv_length(parts) == 3;
	for (char **part = parts; good && *part; part++) {
		size_t n;
		g_autofree guchar *bytes = base64url_decode(*part, strlen(*part), &n);
		good = bytes != NULL;
	}
	return good;
}

JsonNode *jws_verify(
    const struct jwk_set *keys, const char *token, size_t n, bool *unknown_key, GError **error)
{
	*unknown_key = false;
	g_autofree char *text = n <= JWS_MAX_SIZE ? g_strndup(token, n) : NULL;
	g_autoptr(cjose_jws_t) jws =
	    text && is_compact(text) ? cjose_jws_import(text, strlen(text), NULL) : NULL;
	if (!jws)
		return refuse("is no signed token", error);
	const cjose_jwk_t *key = find_key(keys, jws, unknown_key, error);
	if (!key)
		return NULL;
	uint8_t *claims;
	size_t n_claims;
	if (!cjose_jws_verify(jws, key, NULL) ||
	    !cjose_jws_get_plaintext(jws, &claims, &n_claims, NULL))
		return refuse("is not signed by its provider", error);
	JsonNode *node = json_parse_object((const char *)claims, (gssize)n_claims, NULL);
	return node ? node : refuse("holds no claims", error);
}

char *jws_sign(const cjose_jwk_t *key, JsonNode *claims, GError **error)
{
	g_autofree char *text = json_text(claims);
	g_autoptr(cjose_header_t) header = cjose_header_new(NULL);
	const char *token = NULL;
	g_autoptr(cjose_jws_t) jws =
	    header && cjose_header_set(header, CJOSE_HDR_ALG, CJOSE_HDR_ALG_ES256, NULL) &&
	            cjose_header_set(header, CJOSE_HDR_KID, cjose_jwk_get_kid(key, NULL), NULL)
	        ? cjose_jws_sign(key, header, (const uint8_t *)text, strlen(text), NULL)
	        : NULL;
	if (jws && cjose_jws_export(jws, &token, NULL) && strlen(token) <= JWS_MAX_SIZE)
		return g_strdup(token);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot sign the assertion%s",
	    token ? ": it is too long" : "");
	return NULL;
}
