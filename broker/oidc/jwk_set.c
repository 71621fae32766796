/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/oidc/jwk_set.h"

#include "common/error.h"
#include "common/json.h"

#define ID_MAX 256
#define RSA_MIN_BITS 2048
#define RSA_MAX_BITS 4096 /* what takes longer to verify is no key but an attack */

struct jwk_set {
	GPtrArray *keys; /* cjose_jwk_t */
};

static void release(void *key)
{
	cjose_jwk_release(key);
}

void jwk_set_free(struct jwk_set *set)
{
	if (!set)
		return;
	g_ptr_array_unref(set->keys);
	g_free(set);
}

static bool fits(const cjose_jwk_t *key, const char *algorithm)
{
	cjose_jwk_kty_t type = cjose_jwk_get_kty(key, NULL);
	if (type == CJOSE_JWK_KTY_EC)
		return g_str_equal(algorithm, "ES256") &&
		       cjose_jwk_EC_get_curve(key, NULL) == CJOSE_JWK_EC_P_256;
	size_t bits = type == CJOSE_JWK_KTY_RSA ? cjose_jwk_get_keysize(key, NULL) : 0;
	return bits >= RSA_MIN_BITS && bits <= RSA_MAX_BITS &&
	       (g_str_equal(algorithm, "RS256") || g_str_equal(algorithm, "PS256"));
}

static bool is_public_signature_key(JsonObject *object)
{
	const char *type = json_get_string(object, "kty", ID_MAX, NULL);
	const char *use = json_get_optional_string(object, "use", ID_MAX, NULL);
	return type && (g_str_equal(type, "EC") || g_str_equal(type, "RSA")) &&
	       (!use || g_str_equal(use, "sig"));
}

static void take(struct jwk_set *set, JsonNode *node)
{
	if (!JSON_NODE_HOLDS_OBJECT(node) || !is_public_signature_key(json_node_get_object(node)))
		return;
	g_autofree char *text = json_text(node);
	cjose_jwk_t *key = cjose_jwk_import(text, strlen(text), NULL);
	if (key && (fits(key, "ES256") || fits(key, "RS256")))
		g_ptr_array_add(set->keys, key);
	else if (key)
		release(key);
}

struct jwk_set *jwk_set_parse(const char *text, size_t n, GError **error)
{
	g_autoptr(JsonNode) node = n <= JWK_SET_MAX_SIZE ? json_parse_object(text, n, NULL) : NULL;
	JsonArray *keys =
	    node ? json_get_array(json_node_get_object(node), "keys", JWK_SET_MAX_KEYS, NULL)
	         : NULL;
	AUTO(jwk_set) set = g_new0(struct jwk_set, 1);
	set->keys = g_ptr_array_new_with_free_func(release);
	for (unsigned i = 0; keys && i < json_array_get_length(keys); i++)
		take(set, json_array_get_element(keys, i));
	if (set->keys->len > 0)
		return g_steal_pointer(&set);
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "there is no usable key in the set: an EC key on P-256, or RSA of 2048 bits or more");
	return NULL;
}

const cjose_jwk_t *jwk_set_find(const struct jwk_set *set, const char *id, const char *algorithm)
{
	const cjose_jwk_t *found = NULL;
	for (unsigned i = 0; i < set->keys->len; i++) {
		const cjose_jwk_t *key = set->keys->pdata[i];
		if (!fits(key, algorithm) ||
		    (id && g_strcmp0(cjose_jwk_get_kid(key, NULL), id) != 0))
			continue;
		if (found) /* which of them? */
			return NULL;
		found = key;
	}
	return found;
}
