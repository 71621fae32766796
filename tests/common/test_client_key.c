/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/client_key.h"

#include <string.h>

#include "common/error.h"
#include "common/json.h"

static struct client_key *new_key(void)
{
	g_autoptr(GError) error = NULL;
	struct client_key *key = client_key_new(&error);
	g_assert_no_error(error);
	return key;
}

static void test_signature(void)
{
	g_autoptr(GError) error = NULL;
	AUTO(client_key) key = new_key();
	AUTO(client_key) other = new_key();
	const char *public = client_key_public(key), *text = "a token";
	size_t n = strlen(text);

	/* R and S lose leading zeros in DER about once in 128 times each. */
	for (unsigned i = 0; i < 400; i++) {
		g_autofree char *proof = client_key_sign(key, CLIENT_KEY_GRANT, text, &error);
		g_assert_no_error(error);
		g_assert_cmpuint(strlen(proof), ==, CLIENT_KEY_PROOF_SIZE);
		g_assert_true(client_key_verify(
		    public, CLIENT_KEY_GRANT, text, n, proof, CLIENT_KEY_PROOF_SIZE));
	}
	g_autofree char *proof = client_key_sign(key, CLIENT_KEY_GRANT, text, &error);
	size_t size = strlen(proof);
	g_assert_false(client_key_verify(public, CLIENT_KEY_RESUME, text, n, proof, size));
	g_assert_false(client_key_verify(public, CLIENT_KEY_GRANT, "A token", n, proof, size));
	g_assert_false(client_key_verify(public, CLIENT_KEY_GRANT, text, n - 1, proof, size));
	g_assert_false(client_key_verify(public, CLIENT_KEY_GRANT, text, n, proof, size - 1));
	g_assert_false(client_key_verify(public, CLIENT_KEY_GRANT, text, n, "", 0));
	g_assert_false(
	    client_key_verify(client_key_public(other), CLIENT_KEY_GRANT, text, n, proof, size));
	g_assert_false(client_key_verify("AAAA", CLIENT_KEY_GRANT, text, n, proof, size));
	g_autofree char *zeros = g_strnfill(CLIENT_KEY_PROOF_SIZE, 'A');
	g_assert_false(client_key_verify(public, CLIENT_KEY_GRANT, text, n, zeros, size));
	zeros[3] = '=';
	g_assert_false(client_key_verify(public, CLIENT_KEY_GRANT, text, n, zeros, size));
}

static void test_jwk(void)
{
	g_autoptr(GError) error = NULL;
	AUTO(client_key) key = new_key();
	g_autoptr(JsonObject) jwk = client_key_jwk(client_key_public(key));
	g_autofree char *again = client_key_of_jwk(jwk, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(again, ==, client_key_public(key));
	/* RFC 7517, appendix A.1. */
	static const char x[] = "MKBCTNIcKUSDii11ySs3526iDZ8AiTo7Tu6KPAqv7D4",
	                  y[] = "4Etl6SRW2YiLUrN5vfvVHuhp7x8PxltmWWlbbM4IFyM";
	static const struct {
		const char *kty, *crv, *x, *y;
		bool good;
	} keys[] = {{"EC", "P-256", x, y, true}, {"EC", "P-256", x, x, false},
	    {"EC", "P-384", x, y, false}, {"OKP", "P-256", x, y, false},
	    {"EC", "P-256", x, "", false}, {"EC", "P-256", x, "4Etl6SRW", false}};
	for (unsigned i = 0; i < G_N_ELEMENTS(keys); i++) {
		g_autofree char *text =
		    g_strdup_printf("{\"kty\":\"%s\",\"crv\":\"%s\",\"x\":\"%s\",\"y\":\"%s\"}",
		        keys[i].kty, keys[i].crv, keys[i].x, keys[i].y);
		g_autoptr(JsonNode) node = json_parse_object(text, -1, NULL);
		g_autoptr(GError) why = NULL;
		g_autofree char *kept = client_key_of_jwk(json_node_get_object(node), &why);
		g_assert_true((kept != NULL) == keys[i].good);
		if (!kept)
			g_assert_error(why, QVMI_ERROR, QVMI_ERROR_INVALID);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/client-key/signature", test_signature);
	g_test_add_func("/client-key/jwk", test_jwk);
	return g_test_run();
}
