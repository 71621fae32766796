/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/proxy/signing_keys.h"

#include <openssl/crypto.h>
#include <string.h>

#include "common/base64url.h"
#include "common/error.h"
#include "common/json.h"

#define FILE_MAX (64 * 1024)
#define KEYS_MAX 32

struct signing_key {
	cjose_jwk_t *key;
	int64_t made;
};

struct signing_keys {
	char *path;
	int64_t lifetime_s;
	GPtrArray *keys; /* struct signing_key, the youngest last */
};

static void signing_key_free(void *data)
{
	struct signing_key *key = data;
	cjose_jwk_release(key->key);
	g_free(key);
}

void signing_keys_free(struct signing_keys *keys)
{
	if (!keys)
		return;
	g_ptr_array_unref(keys->keys);
	g_free(keys->path);
	g_free(keys);
}

static JsonNode *key_json(const struct signing_key *key, bool secret)
{
	char *text = cjose_jwk_to_json(key->key, secret, NULL);
	JsonNode *node = json_parse_object(text, -1, NULL);
	OPENSSL_cleanse(text, strlen(text));
	cjose_get_dealloc()(text);
	return node;
}

/* RFC 7638: a key's id is what it is, so two keys never share one. */
static void set_thumbprint(cjose_jwk_t *key)
{
	g_autoptr(JsonNode) node = key_json(&(struct signing_key){.key = key}, false);
	JsonObject *object = json_node_get_object(node);
	g_autofree char *text = g_strdup_printf(
	    "{\"crv\":\"%s\",\"kty\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"}",
	    json_object_get_string_member(object, "crv"),
	    json_object_get_string_member(object, "kty"),
	    json_object_get_string_member(object, "x"), json_object_get_string_member(object, "y"));
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	g_checksum_update(checksum, (const guchar *)text, -1);
	guint8 digest[32];
	gsize n = sizeof digest;
	g_checksum_get_digest(checksum, digest, &n);
	g_autofree char *id = base64url_encode(digest, n);
	cjose_jwk_set_kid(key, id, strlen(id), NULL);
}

static void add(struct signing_keys *keys, cjose_jwk_t *jwk, int64_t made)
{
	struct signing_key *key = g_new0(struct signing_key, 1);
	key->key = jwk;
	key->made = made;
	g_ptr_array_add(keys->keys, key);
}

static bool store(const struct signing_keys *keys, GError **error)
{
	JsonArray *array = json_array_new();
	for (unsigned i = 0; i < keys->keys->len; i++) {
		const struct signing_key *key = keys->keys->pdata[i];
		JsonNode *node = key_json(key, true);
		json_object_set_int_member(json_node_get_object(node), "iat", key->made);
		json_array_add_element(array, node);
	}
	JsonObject *set = json_object_new();
	json_object_set_array_member(set, "keys", array);
	g_autoptr(JsonNode) node = json_node_of(set);
	return json_store_file(keys->path, node, 0600, error);
}

static bool load_key(struct signing_keys *keys, JsonNode *node, GError **error)
{
	JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
	int64_t made;
	if (object && json_get_string(object, "d", FILE_MAX, NULL) &&
	    json_get_int(object, "iat", 0, G_MAXINT64, &made, NULL)) {
		g_autofree char *text = json_text(node);
		cjose_jwk_t *key = cjose_jwk_import(text, strlen(text), NULL);
		OPENSSL_cleanse(text, strlen(text));
		if (key && cjose_jwk_get_kty(key, NULL) == CJOSE_JWK_KTY_EC &&
		    cjose_jwk_EC_get_curve(key, NULL) == CJOSE_JWK_EC_P_256 &&
		    cjose_jwk_get_kid(key, NULL)) {
			add(keys, key, made);
			return true;
		}
		cjose_jwk_release(key);
	}
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT,
	    "%s holds something that is no P-256 key of ours; put it away, and a new one is made",
	    keys->path);
	return false;
}

static bool load(struct signing_keys *keys, GError **error)
{
	if (!g_file_test(keys->path, G_FILE_TEST_EXISTS))
		return true;
	g_autoptr(JsonNode) node = json_load_file(keys->path, FILE_MAX, error);
	JsonArray *array =
	    node ? json_get_array(json_node_get_object(node), "keys", KEYS_MAX, error) : NULL;
	for (unsigned i = 0; array && i < json_array_get_length(array); i++)
		if (!load_key(keys, json_array_get_element(array, i), error))
			return false;
	return array != NULL;
}

static const struct signing_key *nth(const struct signing_keys *keys, unsigned i)
{
	return keys->keys->pdata[i];
}

static bool make_key(struct signing_keys *keys, int64_t now, GError **error)
{
	cjose_jwk_t *key = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_256, NULL);
	if (!key) {
		g_set_error_literal(
		    error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot make a P-256 key");
		return false;
	}
	set_thumbprint(key);
	add(keys, key, now);
	return true;
}

bool signing_keys_turn(struct signing_keys *keys, int64_t now, GError **error)
{
	bool changed = false;
	/* The first signed until the second was made. */
	while (keys->keys->len > 1 && now - nth(keys, 1)->made > SIGNING_KEYS_OVERLAP_S) {
		g_ptr_array_remove_index(keys->keys, 0);
		changed = true;
	}
	if (keys->keys->len == 0 ||
	    now - nth(keys, keys->keys->len - 1)->made >= keys->lifetime_s) {
		if (!make_key(keys, now, error))
			return false;
		changed = true;
	}
	return !changed || store(keys, error);
}

struct signing_keys *signing_keys_open(
    const char *path, int64_t lifetime_s, int64_t now, GError **error)
{
	AUTO(signing_keys) keys = g_new0(struct signing_keys, 1);
	keys->path = g_strdup(path);
	keys->lifetime_s = lifetime_s;
	keys->keys = g_ptr_array_new_with_free_func(signing_key_free);
	if (!load(keys, error) || !signing_keys_turn(keys, now, error))
		return NULL;
	return g_steal_pointer(&keys);
}

const cjose_jwk_t *signing_keys_current(const struct signing_keys *keys)
{
	return nth(keys, keys->keys->len - 1)->key;
}

JsonNode *signing_keys_publish(const struct signing_keys *keys)
{
	JsonArray *array = json_array_new();
	for (unsigned i = 0; i < keys->keys->len; i++) {
		JsonNode *node = key_json(keys->keys->pdata[i], false);
		json_object_set_string_member(json_node_get_object(node), "use", "sig");
		json_object_set_string_member(json_node_get_object(node), "alg", "ES256");
		json_array_add_element(array, node);
	}
	JsonObject *set = json_object_new();
	json_object_set_array_member(set, "keys", array);
	return json_node_of(set);
}
