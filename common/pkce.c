/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/pkce.h"

#include <glib.h>
#include <openssl/crypto.h>
#include <string.h>
#include <sys/random.h>

#include "common/base64url.h"

#define VERIFIER_MIN 43
#define VERIFIER_MAX 128

char *pkce_random(void)
{
	unsigned char bytes[32];
	if (getrandom(bytes, sizeof bytes, 0) != (ssize_t)sizeof bytes)
		g_error("getrandom: %s", g_strerror(errno));
	return base64url_encode(bytes, sizeof bytes);
}

char *pkce_challenge(const char *verifier)
{
	g_autoptr(GChecksum) checksum = g_checksum_new(G_CHECKSUM_SHA256);
	guint8 digest[32];
	gsize n = sizeof digest;
	g_checksum_update(checksum, (const guchar *)verifier, -1);
	g_checksum_get_digest(checksum, digest, &n);
	return base64url_encode(digest, n);
}

bool pkce_is_challenge(const char *text)
{
	for (const char *c = text; *c; c++)
		if (!g_ascii_isalnum(*c) && *c != '-' && *c != '_')
			return false;
	return strlen(text) == PKCE_SIZE;
}

bool pkce_fits(const char *challenge, const char *verifier)
{
	size_t n = strlen(verifier);
	if (n < VERIFIER_MIN || n > VERIFIER_MAX)
		return false;
	g_autofree char *its = pkce_challenge(verifier);
	return strlen(challenge) == strlen(its) && CRYPTO_memcmp(challenge, its, strlen(its)) == 0;
}
