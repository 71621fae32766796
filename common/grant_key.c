/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/grant_key.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <string.h>

#include "common/base64url.h"
#include "common/error.h"
#include "common/file.h"

#define FILE_MAX 8192
#define POINT_SIZE 32
#define ID_SIZE 44 /* SHA-256 as base64url */

struct grant_key {
	unsigned n;
	EVP_PKEY *pkeys[GRANT_KEYS_MAX];
	char ids[GRANT_KEYS_MAX][ID_SIZE];
};

void grant_key_free(struct grant_key *key)
{
	if (!key)
		return;
	for (unsigned i = 0; i < key->n; i++)
		EVP_PKEY_free(key->pkeys[i]);
	g_free(key);
}

static void name_key(EVP_PKEY *pkey, char id[ID_SIZE])
{
	unsigned char point[POINT_SIZE], digest[32];
	size_t n = sizeof(point), n_digest = sizeof(digest);

	EVP_PKEY_get_raw_public_key(pkey, point, &n);
	g_autofree char *x = base64url_encode(point, n);
	g_autofree char *jwk =
	    g_strdup_printf("{\"crv\":\"Ed25519\",\"kty\":\"OKP\",\"x\":\"%s\"}", x);
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	g_checksum_update(sum, (guchar *)jwk, -1);
	g_checksum_get_digest(sum, digest, &n_digest);
	g_autofree char *text = base64url_encode(digest, n_digest);
	g_strlcpy(id, text, ID_SIZE);
}

/* Takes the key. */
static bool add_key(struct grant_key *key, EVP_PKEY *pkey)
{
	if (EVP_PKEY_get_base_id(pkey) != EVP_PKEY_ED25519 || key->n == GRANT_KEYS_MAX) {
		EVP_PKEY_free(pkey);
		return false;
	}
	name_key(pkey, key->ids[key->n]);
	key->pkeys[key->n++] = pkey;
	return true;
}

struct grant_key *grant_key_load(const char *pem_file, bool private_key, GError **error)
{
	size_t n = 0;
	g_autofree char *text = file_load(pem_file, FILE_MAX, &n, error);
	if (!text)
		return NULL;
	AUTO(grant_key) key = g_new0(struct grant_key, 1);
	BIO *bio = BIO_new_mem_buf(text, (int)n);
	EVP_PKEY *pkey;
	bool good = true;
	while (good && (pkey = private_key ? PEM_read_bio_PrivateKey(bio, NULL, NULL, NULL)
	                                   : PEM_read_bio_PUBKEY(bio, NULL, NULL, NULL)))
		good = add_key(key, pkey);
	BIO_free(bio);
	OPENSSL_cleanse(text, n);
	if (good && key->n)
		return g_steal_pointer(&key);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "%s holds no %s Ed25519 key in PEM form, or more than %d, or other keys too", pem_file,
	    private_key ? "private" : "public", GRANT_KEYS_MAX);
	return NULL;
}

static bool store_pem(const char *file, BIO *bio, int mode, GError **error)
{
	char *bytes;
	long n = BIO_get_mem_data(bio, &bytes);
	bool stored = file_store(file, bytes, n, mode, error);

	OPENSSL_cleanse(bytes, n);
	BIO_free(bio);
	return stored;
}

bool grant_key_store(
    const struct grant_key *key, bool private_key, const char *pem_file, GError **error)
{
	BIO *bio = BIO_new(BIO_s_mem());
	bool good = true;

	for (unsigned i = 0; good && i < key->n; i++)
		good = private_key ? PEM_write_bio_PrivateKey(
		                         bio, key->pkeys[i], NULL, NULL, 0, NULL, NULL) == 1
		                   : PEM_write_bio_PUBKEY(bio, key->pkeys[i]) == 1;
	if (good)
		return store_pem(pem_file, bio, private_key ? 0600 : 0644, error);
	BIO_free(bio);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot write keys in PEM form");
	return false;
}

bool grant_key_add(struct grant_key *key, GError **error)
{
	EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");

	if (pkey && add_key(key, pkey))
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED,
	    "cannot make an Ed25519 key, or there are %d already", GRANT_KEYS_MAX);
	return false;
}

static void move(struct grant_key *key, unsigned from, unsigned to)
{
	key->pkeys[to] = key->pkeys[from];
	memcpy(key->ids[to], key->ids[from], ID_SIZE);
}

void grant_key_promote(struct grant_key *key)
{
	EVP_PKEY *pkey = key->pkeys[key->n - 1];

	for (unsigned i = key->n - 1; i > 0; i--)
		move(key, i - 1, i);
	key->pkeys[0] = pkey;
	name_key(pkey, key->ids[0]);
}

void grant_key_retire(struct grant_key *key)
{
	while (key->n > 1)
		EVP_PKEY_free(key->pkeys[--key->n]);
}

bool grant_key_generate(const char *private_pem_file, const char *public_pem_file, GError **error)
{
	AUTO(grant_key) key = g_new0(struct grant_key, 1);

	return grant_key_add(key, error) && grant_key_store(key, true, private_pem_file, error) &&
	       grant_key_store(key, false, public_pem_file, error);
}

unsigned grant_key_count(const struct grant_key *key)
{
	return key->n;
}

const char *grant_key_id(const struct grant_key *key, unsigned n)
{
	g_assert(n < key->n);
	return key->ids[n];
}

EVP_PKEY *grant_key_pkey(const struct grant_key *key, unsigned n)
{
	g_assert(n < key->n);
	return key->pkeys[n];
}
