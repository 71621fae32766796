/* SPDX-License-Identifier: GPL-2.0-or-later */
/* base64url without padding (RFC 4648 section 5, RFC 7515 appendix C): fits a header, a cookie, a
 * JWT and a URL as it stands. */
#pragma once

#include <glib.h>

char *base64url_encode(const void *bytes, size_t n); /* caller frees */
/* NULL: another character, padding, or a length that no bytes have. Caller frees. */
guchar *base64url_decode(const char *text, size_t n, size_t *n_out);
