/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/base64url.h"

#include <string.h>

char *base64url_encode(const void *bytes, size_t n)
{
	char *text = g_base64_encode(bytes, n);

	g_strdelimit(text, "+", '-');
	g_strdelimit(text, "/", '_');
	text[strcspn(text, "=")] = 0;
	return text;
}

guchar *base64url_decode(const char *text, size_t n, size_t *n_out)
{
	/* GLib's decoder skips what it does not know; two texts must not be one token. */
	for (size_t i = 0; i < n; i++)
		if (!g_ascii_isalnum(text[i]) && text[i] != '-' && text[i] != '_')
			return NULL;
	if (n == 0 || n % 4 == 1)
		return NULL;
	g_autofree char *standard = g_strdup_printf("%.*s%s", (int)n, text,
	    n % 4 == 2   ? "=="
	    : n % 4 == 3 ? "="
	                 : "");
	g_strdelimit(standard, "-", '+');
	g_strdelimit(standard, "_", '/');
	return g_base64_decode(standard, n_out);
}
