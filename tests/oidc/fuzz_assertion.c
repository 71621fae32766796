/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a hostile provider may send: an assertion as it is, one whose header is its choice, keys,
 * claims and metadata. The first byte says which. Nothing of it may pass for signed by our key.
 */
#include <stdint.h>

#include "broker/oidc/id_token.h"
#include "broker/oidc/organisation_name.h"
#include "broker/oidc/provider_metadata.h"
#include "tests/oidc/key.h"

#define ISSUER "https://login.company.test"

static struct jwk_set *set;

static void begin(void)
{
	cjose_jwk_t *key = test_key("key");
	g_autofree char *text = test_key_set(key);
	cjose_jwk_release(key);
	set = jwk_set_parse(text, strlen(text), NULL);
	g_assert_nonnull(set);
}

static void try_token(const char *token)
{
	bool unknown;
	g_autoptr(JsonNode) claims = jws_verify(set, token, strlen(token), &unknown, NULL);
	g_assert_null(claims); /* nobody has the key */
}

/* Well formed around what the fuzzer says: header, claims and signature with blanks between. */
static void try_parts(const char *text)
{
	g_auto(GStrv) parts = g_strsplit(text, " ", 3);
	unsigned n = g_strv_length(parts);
	g_autofree char *first =
	    base64url_encode(n > 0 ? parts[0] : "", n > 0 ? strlen(parts[0]) : 0);
	g_autofree char *second =
	    base64url_encode(n > 1 ? parts[1] : "", n > 1 ? strlen(parts[1]) : 0);
	g_autofree char *third =
	    base64url_encode(n > 2 ? parts[2] : "", n > 2 ? strlen(parts[2]) : 0);
	g_autofree char *token = g_strjoin(".", first, second, third, NULL);
	try_token(token);
}

static void try_keys(const char *text)
{
	AUTO(jwk_set) keys = jwk_set_parse(text, strlen(text), NULL);
	if (keys)
		jwk_set_find(keys, NULL, "ES256");
}

static void try_object(const char *text)
{
	static const struct id_token_expected expected = {ISSUER, "telco", "n", 1800000000};
	g_autoptr(JsonNode) node = json_parse_object(text, -1, NULL);
	if (!node)
		return;
	AUTO(id_token) token = id_token_read(json_node_get_object(node), &expected, NULL);
	g_autofree char *user =
	    token && token->username ? organisation_user("company.test", token->username) : NULL;
	g_assert_true(!user || g_str_has_suffix(user, "@company.test"));
	AUTO(provider_metadata)
	metadata = provider_metadata_read(json_node_get_object(node), ISSUER, NULL);
	g_assert_true(!metadata || g_str_has_prefix(metadata->authorization_endpoint, "https://"));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static void (*const tries[])(const char *text) = {
	    try_token, try_parts, try_keys, try_object};
	if (!set)
		begin();
	if (size < 1)
		return 0;
	g_autofree char *text = g_strndup((const char *)data + 1, size - 1);
	tries[*data % G_N_ELEMENTS(tries)](text);
	return 0;
}
