/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What an assertion may claim; and names, metadata and proofs around it. */
#include <string.h>

#include "broker/oidc/id_token.h"
#include "broker/oidc/organisation_name.h"
#include "common/pkce.h"
#include "broker/oidc/provider_metadata.h"
#include "common/error.h"
#include "common/json.h"

#define ISSUER "https://login.company.test"
#define NOW 1000000
static const struct id_token_expected expected = {ISSUER, "telco", "n-1", NOW};

/* The good claims with `changes` (members of an object, null: taken out) in them. */
static struct id_token *read_with(const char *changes)
{
	g_autoptr(JsonNode) node =
	    json_parse_object("{\"iss\":\"" ISSUER "\",\"sub\":\"alice@X\",\"aud\":\"telco\","
	                      "\"nonce\":\"n-1\",\"iat\":999990,\"exp\":1000050,\"jti\":\"j\","
	                      "\"preferred_username\":\"alice\","
	                      "\"groups\":[\"staff\"]}",
	        -1, NULL);
	g_autofree char *text = g_strdup_printf("{%s}", changes);
	g_autoptr(JsonNode) change = json_parse_object(text, -1, NULL);
	JsonObject *claims = json_node_get_object(node);
	JsonObjectIter iter;
	const char *name;
	JsonNode *value;
	g_assert_nonnull(change);
	json_object_iter_init(&iter, json_node_get_object(change));
	while (json_object_iter_next(&iter, &name, &value)) {
		if (JSON_NODE_HOLDS_NULL(value))
			json_object_remove_member(claims, name);
		else
			json_object_set_member(claims, name, json_node_copy(value));
	}
	g_autoptr(GError) error = NULL;
	struct id_token *token = id_token_read(claims, &expected, &error);
	g_assert_true(
	    token ? !error : g_error_matches(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED));
	return token;
}

static void test_good(void)
{
	AUTO(id_token) token = read_with("");
	g_assert_cmpstr(token->subject, ==, "alice@X");
	g_assert_cmpstr(token->groups[0], ==, "staff");
	g_assert_cmpint(token->good_until, ==, 1000050);
	g_autoptr(JsonNode) again = id_token_write(token);
	AUTO(id_token) same = id_token_read(json_node_get_object(again), &expected, NULL);
	g_assert_cmpstr(same->username, ==, "alice");
	static const char *const also[] = {"\"aud\":[\"telco\"]",
	    "\"aud\":[\"other\",\"telco\"],\"azp\":\"telco\"", "\"azp\":\"telco\"", "\"jti\":null",
	    "\"groups\":null", "\"preferred_username\":null",
	    "\"iat\":1000004" /* their clock is fast */, "\"nbf\":999990"};
	for (unsigned i = 0; i < G_N_ELEMENTS(also); i++) {
		AUTO(id_token) other = read_with(also[i]);
		g_assert_nonnull(other);
	}
	/* An hour is believed for a minute. */
	AUTO(id_token) hour = read_with("\"exp\":1003590");
	g_assert_cmpint(hour->good_until, ==, 1000050);
}

static void test_bad(void)
{
	static const char *const bad[] = {"\"iss\":\"https://login.company.test/\"", "\"iss\":null",
	    "\"iss\":\"https://evil.test\"", "\"aud\":\"other\"", "\"aud\":null", "\"aud\":[]",
	    "\"aud\":[\"other\"]", "\"aud\":[\"telco\",\"other\"]", "\"aud\":{\"telco\":1}",
	    "\"aud\":[7]", "\"azp\":\"other\"", "\"nonce\":\"n-2\"", "\"nonce\":null",
	    "\"exp\":1000000", "\"exp\":null", "\"exp\":\"1000050\"", "\"iat\":null",
	    "\"iat\":999940,\"exp\":1003000", "\"iat\":1000006,\"exp\":1000066", "\"nbf\":1000006",
	    "\"iat\":-1", "\"sub\":null", "\"sub\":\"\"", "\"sub\":7", "\"sub\":\"caf\\u00e9\"",
	    "\"groups\":\"staff\"", "\"groups\":[7]", "\"groups\":[\"\"]"};
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		AUTO(id_token) token = read_with(bad[i]);
		if (token)
			g_error("taken: %s", bad[i]);
	}
}

static void test_too_much(void)
{
	g_autofree char *name = g_strnfill(ID_TOKEN_MAX_NAME + 1, 'x');
	g_autofree char *subject = g_strdup_printf("\"sub\":\"%s\"", name);
	g_autofree char *group = g_strdup_printf("\"groups\":[\"%s\"]", name);
	g_autoptr(GString) groups = g_string_new("\"groups\":[\"g\"");
	for (unsigned i = 0; i < ID_TOKEN_MAX_GROUPS; i++)
		g_string_append(groups, ",\"g\"");
	g_string_append_c(groups, ']');
	const char *const bad[] = {subject, group, groups->str};
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_null(read_with(bad[i]));
}

static void test_names(void)
{
	static const char *const pairs[][2] = {{"alice@Company.Test", "company.test"},
	    {"a@b@c.de", "c.de"}, {"alice", NULL}, {"@company.test", NULL}, {"alice@company", NULL},
	    {"alice@-x.test", NULL}, {"alice@x-.test", NULL}, {"alice@x..test", NULL},
	    {"alice@x.test.", NULL}, {"alice@.test", NULL}, {"alice@x.test/..", NULL},
	    {"alice@caf\xc3\xa9.test", NULL}, {"alice@", NULL}};
	for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autofree char *name = organisation_name_of_typed(pairs[i][0]);
		g_assert_cmpstr(name, ==, pairs[i][1]);
	}
	static const char *const users[][2] = {{"alice", "alice@c.test"},
	    {"Alice@C.Test", "alice@c.test"}, {"alice@other.test", NULL}, {"", NULL}, {"a b", NULL},
	    {"../root", NULL}, {"alice@", NULL}, {"alice@c.test@c.test", NULL}, {"-alice", NULL},
	    {"a'--", NULL}};
	for (unsigned i = 0; i < G_N_ELEMENTS(users); i++) {
		g_autofree char *user = organisation_user("c.test", users[i][0]);
		g_assert_cmpstr(user, ==, users[i][1]);
	}
	g_autofree char *name = g_strnfill(ORGANISATION_USER_MAX - 6, 'x');
	g_assert_null(organisation_user("c.test", name));
}

static bool metadata_is_good(const char *token, const char *keys, const char *issuer)
{
	g_autofree char *text =
	    g_strdup_printf("{\"issuer\":\"%s\",\"authorization_endpoint\":\"" ISSUER "/a\","
	                    "\"token_endpoint\":\"%s\",\"jwks_uri\":\"%s\"}",
	        issuer, token, keys);
	g_autoptr(JsonNode) node = json_parse_object(text, -1, NULL);
	AUTO(provider_metadata)
	metadata = provider_metadata_read(json_node_get_object(node), ISSUER, NULL);
	return metadata != NULL;
}

static void test_metadata(void)
{
	g_assert_true(metadata_is_good(ISSUER "/t", ISSUER ":443/k?v=1", ISSUER));
	g_assert_true(metadata_is_good("HTTPS://LOGIN.company.test/t", ISSUER "/k", ISSUER));
	static const char *const elsewhere[] = {"https://10.0.0.1/t", "http://login.company.test/t",
	    "https://login.company.test:8443/t", "https://login.company.test@evil.test/t",
	    "https://evil@login.company.test/t", "file:///etc/passwd", "/t", "",
	    "https://login.company.test.evil.test/t", "https://login.company.test/t#x"};
	for (unsigned i = 0; i < G_N_ELEMENTS(elsewhere); i++) {
		g_assert_false(metadata_is_good(elsewhere[i], ISSUER "/k", ISSUER));
		g_assert_false(metadata_is_good(ISSUER "/t", elsewhere[i], ISSUER));
	}
	g_assert_false(metadata_is_good(ISSUER "/t", ISSUER "/k", "https://evil.test"));
	static const char *const issuers[] = {"http://a.test", "https://", "https://a.test?x",
	    "https://a.test#x", "https://u@a.test", "a.test", ""};
	for (unsigned i = 0; i < G_N_ELEMENTS(issuers); i++)
		g_assert_null(provider_origin(issuers[i], NULL));
	g_autofree char *path = provider_metadata_path("https://a.test/tenant/7/");
	g_assert_cmpstr(path, ==, "/tenant/7/.well-known/openid-configuration");
}

static void test_pkce(void)
{
	/* RFC 7636, appendix B. */
	static const char verifier[] = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
	static const char challenge[] = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
	g_autofree char *made = pkce_challenge(verifier);
	g_assert_cmpstr(made, ==, challenge);
	g_assert_true(pkce_fits(challenge, verifier));
	g_assert_true(pkce_is_challenge(challenge));
	g_assert_false(pkce_fits(challenge, challenge));
	g_assert_false(pkce_fits(challenge, "short"));
	g_assert_false(pkce_is_challenge(verifier + 1));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/id-token/good", test_good);
	g_test_add_func("/id-token/bad", test_bad);
	g_test_add_func("/id-token/too-much", test_too_much);
	g_test_add_func("/id-token/names", test_names);
	g_test_add_func("/id-token/metadata", test_metadata);
	g_test_add_func("/id-token/pkce", test_pkce);
	return g_test_run();
}
