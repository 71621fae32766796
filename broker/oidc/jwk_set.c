/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/oidc/jwk_set.h"

#include <string.h>

#include "common/base64url.h"
#include "common/error.h"
#include "common/json.h"

#define ID_MAX 256
#define NUMBER_MAX 1024 /* characters: more than RSA_MAX_BITS */
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

/* A member in base64url, which libcjose only asserts to be: it ends the process otherwise. */
static bool copy_number(JsonObject *from, JsonObject *to, const char *name)
{
	const char *text = json_get_string(from, name, NUMBER_MAX, NULL);
	size_t n;
	g_autofree guchar *bytes = text ? base64url_decode(text, strlen(text), &n) : NULL;
	if (bytes)
		json_object_set_string_member(to, name, text);
	return bytes;
}

/* The members of a public key and no others. NULL: it is none that we take. */
static JsonNode *public_part(JsonObject *from)
{
	const char *type = json_get_string(from, "kty", ID_MAX, NULL);
	const char *use = json_get_optional_string(from, "use", ID_MAX, NULL);
	const char *id = json_get_optional_string(from, "kid", ID_MAX, NULL);
	const char *curve = json_get_optional_string(from, "crv", ID_MAX, NULL);
	bool ec = g_strcmp0(type, "EC") == 0 && g_strcmp0(curve, "P-256") == 0;
	if ((!ec && g_strcmp0(type, "RSA") != 0) || (use && !g_str_equal(use, "sig")))
		return NULL;
	g_autoptr(JsonNode) node = json_node_of(json_object_new());
	JsonObject *to = json_node_get_object(node);
	json_object_set_string_member(to, "kty", type);
	if (id)
		json_object_set_string_member(to, "kid", id);
	if (ec)
		json_object_set_string_member(to, "crv", curve);
	bool good = ec ? copy_number(from, to, "x") && copy_number(from, to, "y")
	               : copy_number(from, to, "n") && copy_number(from, to, "e");
	return good ? g_steal_pointer(&node) : NULL;
}

static void take(struct jwk_set *set, JsonNode *node)
{
	g_autoptr(JsonNode) public_key =
	    JSON_NODE_HOLDS_OBJECT(node) ? public_part(json_node_get_object(node)) : NULL;
	if (!public_key)
		return;
	g_autofree char *text = json_text(public_key);
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
