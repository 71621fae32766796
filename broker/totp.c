/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/totp.h"

#include <glib.h>
#include <string.h>

#define MODULUS 1000000 /* 10 to the power of TOTP_DIGITS */
#define SHA1_SIZE 20

uint32_t totp_code(const uint8_t *secret, size_t n, uint64_t step)
{
	uint64_t counter = GUINT64_TO_BE(step);
	uint8_t digest[SHA1_SIZE];
	gsize size = sizeof(digest);
	GHmac *hmac = g_hmac_new(G_CHECKSUM_SHA1, secret, n);

	g_hmac_update(hmac, (const guchar *)&counter, sizeof(counter));
	g_hmac_get_digest(hmac, digest, &size);
	g_hmac_unref(hmac);

	const uint8_t *at = digest + (digest[SHA1_SIZE - 1] & 0xf);
	uint32_t word =
	    (uint32_t)(at[0] & 0x7f) << 24 | (uint32_t)at[1] << 16 | (uint32_t)at[2] << 8 | at[3];

	return word % MODULUS;
}

/* Six digits, as people type them ("123 456"). UINT32_MAX: not that. */
static uint32_t read_code(const char *text)
{
	uint32_t code = 0;
	unsigned digits = 0;

	for (; *text; text++) {
		if (*text == ' ' || *text == '-')
			continue;
		if (!g_ascii_isdigit(*text) || ++digits > TOTP_DIGITS)
			return UINT32_MAX;
		code = code * 10 + (uint32_t)(*text - '0');
	}
	return digits == TOTP_DIGITS ? code : UINT32_MAX;
}

uint64_t totp_find_step(
    const uint8_t *secret, size_t n, const char *code, int64_t now, uint64_t used)
{
	uint32_t wanted = read_code(code);
	uint64_t middle = (uint64_t)now / TOTP_STEP_S, found = 0;

	for (uint64_t step = middle - TOTP_TOLERANCE; step <= middle + TOTP_TOLERANCE; step++)
		if (totp_code(secret, n, step) == wanted && step > used)
			found = step;
	return found;
}

char *totp_base32(const uint8_t *bytes, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
	GString *text = g_string_new(NULL);
	uint32_t bits = 0;
	unsigned held = 0;

	for (size_t i = 0; i < n; i++) {
		bits = bits << 8 | bytes[i];
		for (held += 8; held >= 5; held -= 5)
			g_string_append_c(text, digits[bits >> (held - 5) & 31]);
	}
	if (held)
		g_string_append_c(text, digits[bits << (5 - held) & 31]);
	return g_string_free(text, FALSE);
}

char *totp_uri(const char *secret_base32, const char *issuer, const char *user)
{
	g_autofree char *by = g_uri_escape_string(issuer, NULL, false);
	g_autofree char *who = g_uri_escape_string(user, NULL, false);

	return g_strdup_printf("otpauth://totp/%s:%s?secret=%s&issuer=%s&digits=%d&period=%d", by,
	    who, secret_base32, by, TOTP_DIGITS, TOTP_STEP_S);
}
