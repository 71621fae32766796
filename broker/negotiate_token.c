/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/negotiate_token.h"

#include <string.h>

#define SCHEME "Negotiate "

/* RFC 4648, strictly: GLib's decoder skips what it does not know. */
static GBytes *decode(const char *text)
{
	size_t n = strlen(text), padding = 0;
	while (padding < 2 && padding < n && text[n - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < n - padding; i++)
		if (!g_ascii_isalnum(text[i]) && text[i] != '+' && text[i] != '/')
			return g_bytes_new(NULL, 0);
	if (n == 0 || n % 4 != 0)
		return g_bytes_new(NULL, 0);
	gsize size;
	guchar *bytes = g_base64_decode(text, &size);
	return g_bytes_new_take(bytes, size);
}

GBytes *negotiate_token_read(const char *authorization)
{
	size_t n = strlen(SCHEME);
	if (!authorization || g_ascii_strncasecmp(authorization, SCHEME, n) != 0)
		return NULL;
	return decode(authorization + n);
}

char *negotiate_token_write(GBytes *token)
{
	gsize n = 0;
	const guchar *bytes = token ? g_bytes_get_data(token, &n) : NULL;
	g_autofree char *encoded = n ? g_base64_encode(bytes, n) : NULL;
	return encoded ? g_strconcat(SCHEME, encoded, NULL) : g_strdup("Negotiate");
}
