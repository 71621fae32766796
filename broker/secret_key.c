/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/secret_key.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <string.h>
#include <sys/stat.h>

#include "common/error.h"
#include "common/file.h"

#define NONCE_SIZE 12
#define TAG_SIZE 16

struct secret_key {
	uint8_t sealing[SECRET_KEY_SIZE], authenticating[SECRET_MAC_SIZE];
};

static void hmac(const uint8_t *key, const char *context, const void *bytes, size_t n, uint8_t *mac)
{
	/* The context's NUL parts the two. */
	size_t prefix = strlen(context) + 1;
	g_autofree uint8_t *message = g_malloc(prefix + n);

	memcpy(message, context, prefix);
	if (n)
		memcpy(message + prefix, bytes, n);
	if (!HMAC(EVP_sha256(), key, SECRET_KEY_SIZE, message, prefix + n, mac, NULL))
		g_error("OpenSSL has no HMAC-SHA-256");
	OPENSSL_cleanse(message, prefix + n);
}

static bool is_private(const char *path, GError **error)
{
	struct stat status;

	if (stat(path, &status) < 0)
		return qvmi_error_set_errno(error, errno, "%s", path);
	if ((status.st_mode & 077) == 0)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "%s is not the broker's alone: chmod 600 it", path);
	return false;
}

struct secret_key *secret_key_load(const char *path, GError **error)
{
	size_t n = 0;
	char *bytes = is_private(path, error) ? file_load(path, SECRET_KEY_SIZE, &n, error) : NULL;
	struct secret_key *key = NULL;

	if (bytes && n == SECRET_KEY_SIZE) {
		key = g_new0(struct secret_key, 1);
		hmac((const uint8_t *)bytes, "seal", NULL, 0, key->sealing);
		hmac((const uint8_t *)bytes, "authenticate", NULL, 0, key->authenticating);
	} else if (bytes) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "%s is no key of %d bytes; make one: (umask 077; openssl rand -out FILE %d)",
		    path, SECRET_KEY_SIZE, SECRET_KEY_SIZE);
	}
	if (bytes)
		OPENSSL_cleanse(bytes, n);
	g_free(bytes);
	return key;
}

void secret_key_free(struct secret_key *key)
{
	if (key)
		OPENSSL_cleanse(key, sizeof(*key));
	g_free(key);
}

static EVP_CIPHER_CTX *cipher_new(
    const struct secret_key *key, const char *context, const uint8_t *nonce, bool sealing)
{
	EVP_CIPHER_CTX *cipher = EVP_CIPHER_CTX_new();
	int n;

	if (!cipher ||
	    !EVP_CipherInit_ex(cipher, EVP_aes_256_gcm(), NULL, key->sealing, nonce, sealing) ||
	    !EVP_CipherUpdate(cipher, NULL, &n, (const uint8_t *)context, (int)strlen(context)))
		g_error("OpenSSL has no AES-256-GCM");
	return cipher;
}

GBytes *secret_key_seal(
    const struct secret_key *key, const char *context, const void *secret, size_t n)
{
	uint8_t *sealed = g_malloc(NONCE_SIZE + n + TAG_SIZE);
	int size;

	if (RAND_bytes(sealed, NONCE_SIZE) != 1)
		g_error("OpenSSL has no random numbers");
	EVP_CIPHER_CTX *cipher = cipher_new(key, context, sealed, true);

	if (!EVP_CipherUpdate(cipher, sealed + NONCE_SIZE, &size, secret, (int)n) ||
	    !EVP_CipherFinal_ex(cipher, sealed + NONCE_SIZE + n, &size) ||
	    !EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_GET_TAG, TAG_SIZE, sealed + NONCE_SIZE + n))
		g_error("OpenSSL does not seal");
	EVP_CIPHER_CTX_free(cipher);
	return g_bytes_new_take(sealed, NONCE_SIZE + n + TAG_SIZE);
}

bool secret_key_open(const struct secret_key *key, const char *context, GBytes *sealed,
    void *secret, size_t n, GError **error)
{
	gsize size = 0;
	const uint8_t *bytes = sealed ? g_bytes_get_data(sealed, &size) : NULL;
	bool opened = false;
	int got;

	if (size == NONCE_SIZE + n + TAG_SIZE) {
		EVP_CIPHER_CTX *cipher = cipher_new(key, context, bytes, false);

		opened = EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, TAG_SIZE,
		             (void *)(bytes + NONCE_SIZE + n)) &&
		         EVP_CipherUpdate(cipher, secret, &got, bytes + NONCE_SIZE, (int)n) &&
		         EVP_CipherFinal_ex(cipher, (uint8_t *)secret + n, &got);
		EVP_CIPHER_CTX_free(cipher);
	}
	if (opened)
		return true;
	OPENSSL_cleanse(secret, n);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT,
	    "a secret in the records does not open: was the key file replaced?");
	return false;
}

void secret_key_mac(const struct secret_key *key, const char *context, const void *bytes, size_t n,
    uint8_t mac[SECRET_MAC_SIZE])
{
	hmac(key->authenticating, context, bytes, n, mac);
}
