/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/client_key.h"

#include <openssl/core_names.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <string.h>

#include "common/base64url.h"
#include "common/error.h"
#include "common/json.h"

#define SIDE 32 /* bytes of a coordinate, of R, of S */
#define POINT_SIZE (1 + 2 * SIDE)
#define DER_MAX 80

struct client_key {
	EVP_PKEY *pkey;
	char *public;
};

struct client_key *client_key_new(GError **error)
{
	unsigned char point[POINT_SIZE];
	size_t n = 0;
	AUTO(client_key) key = g_new0(struct client_key, 1);

	key->pkey = EVP_PKEY_Q_keygen(NULL, NULL, "EC", "P-256");
	if (!key->pkey ||
	    EVP_PKEY_get_octet_string_param(
	        key->pkey, OSSL_PKEY_PARAM_PUB_KEY, point, sizeof(point), &n) != 1 ||
	    n != sizeof(point)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot make a P-256 key");
		return NULL;
	}
	key->public = base64url_encode(point, n);
	return g_steal_pointer(&key);
}

void client_key_free(struct client_key *key)
{
	if (!key)
		return;
	EVP_PKEY_free(key->pkey);
	g_free(key->public);
	g_free(key);
}

const char *client_key_public(const struct client_key *key)
{
	return key->public;
}

/* JOSE has R and S side by side, OpenSSL has them in DER. */
static char *jose_signature(const unsigned char *der, size_t n)
{
	unsigned char both[2 * SIDE];
	ECDSA_SIG *signature = d2i_ECDSA_SIG(NULL, &der, (long)n);
	bool good = signature && BN_bn2binpad(ECDSA_SIG_get0_r(signature), both, SIDE) == SIDE &&
	            BN_bn2binpad(ECDSA_SIG_get0_s(signature), both + SIDE, SIDE) == SIDE;

	ECDSA_SIG_free(signature);
	return good ? base64url_encode(both, sizeof(both)) : NULL;
}

char *client_key_sign(
    const struct client_key *key, const char *purpose, const char *text, GError **error)
{
	g_autofree char *whole = g_strconcat(purpose, text, NULL);
	unsigned char der[DER_MAX];
	size_t n_der = sizeof(der);
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = EVP_DigestSignInit(context, NULL, EVP_sha256(), NULL, key->pkey) == 1 &&
	            EVP_DigestSign(context, der, &n_der, (guchar *)whole, strlen(whole)) == 1;

	EVP_MD_CTX_free(context);
	char *proof = good ? jose_signature(der, n_der) : NULL;
	if (!proof)
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot sign with the terminal's key");
	return proof;
}

/* NULL: not a point of the curve. */
static EVP_PKEY *public_pkey(const void *point, size_t n)
{
	char group[] = "P-256";
	OSSL_PARAM parameters[] = {
	    OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
	    OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, (void *)(uintptr_t)point, n),
	    OSSL_PARAM_construct_end(),
	};
	EVP_PKEY *pkey = NULL;
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);

	if (EVP_PKEY_fromdata_init(context) == 1)
		EVP_PKEY_fromdata(context, &pkey, EVP_PKEY_PUBLIC_KEY, parameters);
	EVP_PKEY_CTX_free(context);
	return pkey;
}

JsonObject *client_key_jwk(const char *public_key)
{
	size_t n = 0;
	g_autofree guchar *point = base64url_decode(public_key, strlen(public_key), &n);
	JsonObject *jwk = json_object_new();

	g_assert(point && n == POINT_SIZE);
	g_autofree char *x = base64url_encode(point + 1, SIDE);
	g_autofree char *y = base64url_encode(point + 1 + SIDE, SIDE);
	json_object_set_string_member(jwk, "kty", "EC");
	json_object_set_string_member(jwk, "crv", "P-256");
	json_object_set_string_member(jwk, "x", x);
	json_object_set_string_member(jwk, "y", y);
	return jwk;
}

static bool read_side(JsonObject *jwk, const char *name, unsigned char *out)
{
	const char *text = json_get_string(jwk, name, 64, NULL);
	size_t n = 0;
	g_autofree guchar *bytes = text ? base64url_decode(text, strlen(text), &n) : NULL;

	if (!bytes || n != SIDE)
		return false;
	memcpy(out, bytes, SIDE);
	return true;
}

char *client_key_of_jwk(JsonObject *jwk, GError **error)
{
	unsigned char point[POINT_SIZE] = {4};

	if (g_strcmp0(json_get_string(jwk, "kty", 16, NULL), "EC") == 0 &&
	    g_strcmp0(json_get_string(jwk, "crv", 16, NULL), "P-256") == 0 &&
	    read_side(jwk, "x", point + 1) && read_side(jwk, "y", point + 1 + SIDE)) {
		EVP_PKEY *pkey = public_pkey(point, sizeof(point));
		EVP_PKEY_free(pkey);
		if (pkey)
			return base64url_encode(point, sizeof(point));
	}
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "a client key is a public JWK with kty EC, crv P-256, x and y");
	return NULL;
}

/* The DER of R and S; its length, 0 when it is none. */
static int der_signature(const char *proof, size_t n, unsigned char *der)
{
	size_t size = 0;
	g_autofree guchar *both =
	    n == CLIENT_KEY_PROOF_SIZE ? base64url_decode(proof, n, &size) : NULL;
	if (!both || size != (size_t)2 * SIDE)
		return 0;
	ECDSA_SIG *signature = ECDSA_SIG_new();
	ECDSA_SIG_set0(signature, BN_bin2bn(both, SIDE, NULL), BN_bin2bn(both + SIDE, SIDE, NULL));
	int length = i2d_ECDSA_SIG(signature, &der);
	ECDSA_SIG_free(signature);
	return length;
}

bool client_key_verify(const char *public_key, const char *purpose, const char *text, size_t n,
    const char *proof, size_t n_proof)
{
	unsigned char der[DER_MAX];
	size_t n_point = 0;
	int n_der = der_signature(proof, n_proof, der);
	g_autofree guchar *point =
	    n_der > 0 ? base64url_decode(public_key, strlen(public_key), &n_point) : NULL;
	EVP_PKEY *pkey = point && n_point == POINT_SIZE ? public_pkey(point, n_point) : NULL;

	if (!pkey)
		return false;
	EVP_MD_CTX *context = EVP_MD_CTX_new();
	bool good = EVP_DigestVerifyInit(context, NULL, EVP_sha256(), NULL, pkey) == 1 &&
	            EVP_DigestVerifyUpdate(context, purpose, strlen(purpose)) == 1 &&
	            EVP_DigestVerifyUpdate(context, text, n) == 1 &&
	            EVP_DigestVerifyFinal(context, der, (size_t)n_der) == 1;
	EVP_MD_CTX_free(context);
	EVP_PKEY_free(pkey);
	return good;
}
