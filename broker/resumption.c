/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/resumption.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <string.h>

#include "common/base64url.h"
#include "common/big_endian.h"

#define UUID_SIZE 16
#define HEAD_SIZE (UUID_SIZE + 4)
#define MAC_SIZE 32
#define KEY_SIZE 32
#define LABEL "qvmi resumption" /* keeps this use of the key apart from signing */

static bool uuid_write(const char *text, unsigned char *out)
{
	for (unsigned i = 0; i < UUID_SIZE; text += *text == '-') {
		int high = g_ascii_xdigit_value(text[0]);
		int low = high < 0 ? -1 : g_ascii_xdigit_value(text[1]);
		if (low < 0)
			return false;
		out[i++] = (unsigned char)(high << 4 | low);
		text += 2;
	}
	return true;
}

static void uuid_read(const unsigned char *in, char *out)
{
	for (unsigned i = 0; i < UUID_SIZE; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*out++ = '-';
		out += g_snprintf(out, 3, "%02x", in[i]);
	}
}

static void mac(EVP_PKEY *signer, const unsigned char *head, unsigned char *out)
{
	unsigned char private[KEY_SIZE], key[MAC_SIZE];
	size_t n = sizeof(private);

	if (EVP_PKEY_get_raw_private_key(signer, private, &n) != 1 || n != KEY_SIZE)
		g_error("the grant key has no private half");
	HMAC(EVP_sha256(), private, KEY_SIZE, (const unsigned char *)LABEL, strlen(LABEL), key,
	    NULL);
	HMAC(EVP_sha256(), key, MAC_SIZE, head, HEAD_SIZE, out, NULL);
	OPENSSL_cleanse(private, sizeof(private));
	OPENSSL_cleanse(key, sizeof(key));
}

char *resumption_token(const struct grant_key *key, const char *session, uint32_t generation)
{
	unsigned char bytes[HEAD_SIZE + MAC_SIZE];

	if (!uuid_write(session, bytes))
		g_error("'%s' is no session's id", session);
	big_endian_put32(bytes + UUID_SIZE, generation);
	mac(grant_key_pkey(key, 0), bytes, bytes + HEAD_SIZE);
	return base64url_encode(bytes, sizeof(bytes));
}

static guchar *token_bytes(const char *token)
{
	size_t n = 0;

	if (strnlen(token, RESUMPTION_SIZE + 1) != RESUMPTION_SIZE)
		return NULL;
	g_autofree guchar *bytes = base64url_decode(token, RESUMPTION_SIZE, &n);
	return n == HEAD_SIZE + MAC_SIZE ? g_steal_pointer(&bytes) : NULL;
}

bool resumption_read(const char *token, struct resumption *out)
{
	g_autofree guchar *bytes = token_bytes(token);

	if (!bytes)
		return false;
	uuid_read(bytes, out->session);
	out->generation = big_endian_get32(bytes + UUID_SIZE);
	return true;
}

bool resumption_check(const struct grant_key *key, const char *token)
{
	g_autofree guchar *bytes = token_bytes(token);
	unsigned char expected[MAC_SIZE];

	for (unsigned i = 0; bytes && i < grant_key_count(key); i++) {
		mac(grant_key_pkey(key, i), bytes, expected);
		if (CRYPTO_memcmp(expected, bytes + HEAD_SIZE, MAC_SIZE) == 0)
			return true;
	}
	return false;
}
