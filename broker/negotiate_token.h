/* SPDX-License-Identifier: GPL-2.0-or-later */
/* SPNEGO tokens in HTTP's headers (RFC 4559 section 4.1). Pure functions. */
#pragma once

#include <glib.h>

/* Of an Authorization header's value, which may be NULL. NULL: none came; empty: what came is no
 * token. Caller unrefs. */
GBytes *negotiate_token_read(const char *authorization);
/* The value of WWW-Authenticate: "Negotiate", with the answer to the client where there is one
 * (`token` may be NULL). Caller frees. */
char *negotiate_token_write(GBytes *token);
