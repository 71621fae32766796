/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Signatures: what is taken, and the classic ways around one (RFC 8725). */
#include "common/error.h"
#include "tests/oidc/key.h"

#define CLAIMS "{\"sub\":\"alice\"}"

struct fixture {
	cjose_jwk_t *key;
	struct jwk_set *set;
};

static void set_up(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	fixture->key = test_key("first");
	g_autofree char *text = test_key_set(fixture->key);
	fixture->set = jwk_set_parse(text, strlen(text), NULL);
	g_assert_nonnull(fixture->set);
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	jwk_set_free(fixture->set);
	cjose_jwk_release(fixture->key);
}

static bool verifies(const struct fixture *fixture, const char *token)
{
	g_autoptr(GError) error = NULL;
	bool unknown;
	g_autoptr(JsonNode) claims =
	    jws_verify(fixture->set, token, strlen(token), &unknown, &error);
	g_assert_true(
	    claims ? !error : g_error_matches(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED));
	return claims != NULL;
}

static void test_good(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(JsonNode) claims = json_parse_object(CLAIMS, -1, NULL);
	g_autofree char *token = jws_sign(fixture->key, claims, NULL);
	g_assert_true(verifies(fixture, token));
	g_assert_false(strchr(token, '='));
}

static void test_changed(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autofree char *token = test_token(fixture->key, "ES256", CLAIMS);
	const char *claims = strchr(token, '.') + 1, *signature = strchr(claims, '.') + 1;
	g_autofree char *other = base64url_encode("{\"sub\":\"carol\"}", 15);
	g_autofree char *forged =
	    g_strdup_printf("%.*s%s.%s", (int)(claims - token), token, other, signature);
	g_assert_false(verifies(fixture, forged));
	for (size_t cut = 0; cut < strlen(token); cut += 7) {
		g_autofree char *truncated = g_strndup(token, cut);
		g_assert_false(verifies(fixture, truncated));
	}
}

static void test_no_algorithm(struct fixture *fixture, gconstpointer data)
{
	static const char *const headers[] = {"{\"alg\":\"none\"}", "{\"alg\":\"NONE\"}", "{}",
	    "{\"alg\":\"none\",\"kid\":\"first\"}", "{\"alg\":7}", "[]", "",
	    "{\"alg\":\"ES256\",\"alg\":\"none\",\"kid\":\"first\"}"};
	static const char *const no_base64[] = {"AAAAA.AAAAA.AAAAA", "AA.AA.AAAAA", "..", "AA.AA",
	    "AA.AA.AA.AA", "A=.AA.AA", "AA.AA.A+"};

	(void)data;
	for (unsigned i = 0; i < G_N_ELEMENTS(headers); i++)
		for (unsigned s = 0; s < 2; s++) {
			g_autofree char *token = test_unsigned(headers[i], CLAIMS, s ? "AAAA" : "");
			g_assert_false(verifies(fixture, token));
		}
	for (unsigned i = 0; i < G_N_ELEMENTS(no_base64); i++)
		g_assert_false(verifies(fixture, no_base64[i]));
}

/* The public key is known to everybody: it must not pass for a shared secret. */
static void test_public_key_as_secret(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autofree char *public_key = test_key_json(fixture->key);
	cjose_jwk_t *secret =
	    cjose_jwk_create_oct_spec((const uint8_t *)public_key, strlen(public_key), NULL);
	g_assert_true(cjose_jwk_set_kid(secret, "first", 5, NULL));
	g_autofree char *token = test_token(secret, "HS256", CLAIMS);
	g_assert_false(verifies(fixture, token));
	cjose_jwk_release(secret);
}

static void test_critical(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	cjose_header_t *header = cjose_header_new(NULL);
	const char *token;
	g_assert_true(cjose_header_set(header, CJOSE_HDR_ALG, "ES256", NULL));
	g_assert_true(cjose_header_set(header, CJOSE_HDR_KID, "first", NULL));
	g_assert_true(cjose_header_set_raw(header, "crit", "[\"exp\"]", NULL));
	cjose_jws_t *jws =
	    cjose_jws_sign(fixture->key, header, (const uint8_t *)CLAIMS, strlen(CLAIMS), NULL);
	g_assert_true(cjose_jws_export(jws, &token, NULL));
	g_assert_false(verifies(fixture, token));
	cjose_jws_release(jws);
	cjose_header_release(header);
}

static void test_keys(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	cjose_jwk_t *second = test_key("second"), *namesake = test_key("first");
	g_autofree char *unknown_token = test_token(second, "ES256", CLAIMS);
	g_autofree char *namesake_token = test_token(namesake, "ES256", CLAIMS);
	bool unknown;
	g_assert_null(
	    jws_verify(fixture->set, unknown_token, strlen(unknown_token), &unknown, NULL));
	g_assert_true(unknown); /* worth asking for */
	g_assert_null(
	    jws_verify(fixture->set, namesake_token, strlen(namesake_token), &unknown, NULL));
	g_assert_false(unknown);
	cjose_jwk_release(second);
	cjose_jwk_release(namesake);
}

static void test_sets(void)
{
	cjose_jwk_t *key = test_key("k"),
	            *large = cjose_jwk_create_EC_random(CJOSE_JWK_EC_P_521, NULL);
	cjose_jwk_t *weak =
	    cjose_jwk_create_RSA_random(1024, (const uint8_t *)"\x01\x00\x01", 3, NULL);
	g_autofree char *good = test_key_json(key), *curve = test_key_json(large),
	                *short_rsa = test_key_json(weak);
	g_autofree char *mixed = g_strdup_printf(
	    "{\"keys\":[7,{\"kty\":\"oct\",\"k\":\"AAAA\"},%s,%s,%s]}", curve, short_rsa, good);
	AUTO(jwk_set) set = jwk_set_parse(mixed, strlen(mixed), NULL);
	g_assert_nonnull(set);
	g_assert_nonnull(jwk_set_find(set, "k", "ES256"));
	g_assert_nonnull(jwk_set_find(set, NULL, "ES256"));
	g_assert_null(jwk_set_find(set, "k", "RS256"));
	g_assert_null(jwk_set_find(set, NULL, "RS256"));
	static const char *const bad[] = {"", "{}", "{\"keys\":{}}", "{\"keys\":[]}",
	    "{\"keys\":[{\"kty\":\"oct\",\"k\":\"AAAA\"}]}",
	    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AA\",\"y\":\"AA\"}]}",
	    /* no base64url: libcjose would end the process */
	    "{\"keys\":[{\"kty\":\"EC\",\"crv\":\"P-256\",\"x\":\"AAAAA\",\"y\":\"AA\"}]}"};
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(jwk_set_parse(bad[i], strlen(bad[i]), &error));
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	}
	/* Two keys of one id: which is meant? */
	g_autofree char *twice = g_strdup_printf("{\"keys\":[%s,%s]}", good, good);
	AUTO(jwk_set) double_set = jwk_set_parse(twice, strlen(twice), NULL);
	g_assert_null(jwk_set_find(double_set, "k", "ES256"));
	cjose_jwk_release(key);
	cjose_jwk_release(large);
	cjose_jwk_release(weak);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function)                                                                        \
	g_test_add("/jws/" name, struct fixture, NULL, set_up, function, tear_down)
	ADD("good", test_good);
	ADD("changed", test_changed);
	ADD("no-algorithm", test_no_algorithm);
	ADD("public-key-as-secret", test_public_key_as_secret);
	ADD("critical", test_critical);
	ADD("keys", test_keys);
	g_test_add_func("/jws/sets", test_sets);
	return g_test_run();
}
