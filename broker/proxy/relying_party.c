/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/proxy/relying_party.h"

#include <openssl/crypto.h>
#include <string.h>

#include "common/error.h"
#include "common/file.h"
#include "common/json.h"

#define FILE_MAX (256 * 1024)
#define PARTIES_MAX 256
#define URIS_MAX 64
#define TEXT_MAX 1024
#define SECRET_MIN 16

struct relying_party {
	char *id;
	char *secret_digest; /* SHA-256, hex; NULL: a public client */
	char **redirect_uris;
};

struct relying_parties {
	GPtrArray *list; /* struct relying_party */
};

static void party_free(void *data)
{
	struct relying_party *party = data;
	g_free(party->id);
	g_free(party->secret_digest);
	g_strfreev(party->redirect_uris);
	g_free(party);
}

void relying_parties_free(struct relying_parties *parties)
{
	if (!parties)
		return;
	g_ptr_array_unref(parties->list);
	g_free(parties);
}

static bool read_secret(struct relying_party *party, const char *file, GError **error)
{
	size_t n;
	g_autofree char *text = file_load(file, TEXT_MAX, &n, error);
	if (!text)
		return false;
	g_strchomp(text);
	bool enough = strlen(text) >= SECRET_MIN;
	if (enough)
		party->secret_digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
	else
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "%s: a secret has %d characters or more (openssl rand -hex 32)", file,
		    SECRET_MIN);
	OPENSSL_cleanse(text, n);
	return enough;
}

static bool read_uris(struct relying_party *party, JsonObject *object, GError **error)
{
	JsonArray *uris = json_get_array(object, "redirect_uris", URIS_MAX, error);
	g_autoptr(GStrvBuilder) builder = g_strv_builder_new();
	for (unsigned i = 0; uris && i < json_array_get_length(uris); i++) {
		JsonNode *node = json_array_get_element(uris, i);
		const char *uri = json_node_get_value_type(node) == G_TYPE_STRING
		                      ? json_node_get_string(node)
		                      : "";
		if (!g_str_has_prefix(uri, "https://") || strchr(uri, '#') ||
		    !g_uri_is_valid(uri, G_URI_FLAGS_NONE, NULL)) {
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
			    "redirect_uris: \"%s\" is no https address without fragment", uri);
			return false;
		}
		g_strv_builder_add(builder, uri);
	}
	party->redirect_uris = g_strv_builder_end(builder);
	return uris != NULL;
}

static bool read_party(struct relying_parties *parties, JsonNode *node, GError **error)
{
	JsonObject *object = JSON_NODE_HOLDS_OBJECT(node) ? json_node_get_object(node) : NULL;
	if (!object) {
		g_set_error_literal(
		    error, QVMI_ERROR, QVMI_ERROR_INVALID, "clients: each is an object");
		return false;
	}
	struct relying_party *party = g_new0(struct relying_party, 1);
	g_ptr_array_add(parties->list, party);
	GError *failure = NULL;
	const char *file = NULL;
	if (json_check_members(object, "id secret_file redirect_uris", &failure))
		file = json_get_optional_string(object, "secret_file", TEXT_MAX, &failure);
	if (!failure)
		party->id = g_strdup(json_get_string(object, "id", 255, &failure));
	if (!failure && read_uris(party, object, &failure) && file)
		read_secret(party, file, &failure);
	if (!failure)
		return true;
	g_propagate_prefixed_error(error, failure, "client %s: ", party->id ? party->id : "?");
	return false;
}

struct relying_parties *relying_parties_load(const char *path, GError **error)
{
	AUTO(relying_parties) parties = g_new0(struct relying_parties, 1);
	parties->list = g_ptr_array_new_with_free_func(party_free);
	g_autoptr(JsonNode) node = json_load_file(path, FILE_MAX, error);
	JsonArray *array =
	    node ? json_get_array(json_node_get_object(node), "clients", PARTIES_MAX, error) : NULL;
	bool good = array != NULL;
	for (unsigned i = 0; good && i < json_array_get_length(array); i++)
		good = read_party(parties, json_array_get_element(array, i), error);
	if (good)
		return g_steal_pointer(&parties);
	g_prefix_error(error, "%s: ", path);
	return NULL;
}

const struct relying_party *relying_party_find(
    const struct relying_parties *parties, const char *id)
{
	for (unsigned i = 0; i < parties->list->len; i++) {
		const struct relying_party *party = parties->list->pdata[i];
		if (g_str_equal(party->id, id))
			return party;
	}
	return NULL;
}

const char *relying_party_id(const struct relying_party *party)
{
	return party->id;
}

bool relying_party_returns_to(const struct relying_party *party, const char *redirect_uri)
{
	return g_strv_contains((const char *const *)party->redirect_uris, redirect_uri);
}

bool relying_party_is_proven(const struct relying_party *party, const char *secret)
{
	if (!party->secret_digest || !secret)
		return !party->secret_digest && !secret;
	g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, secret, -1);
	return CRYPTO_memcmp(digest, party->secret_digest, strlen(digest)) == 0;
}
