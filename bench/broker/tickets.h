/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SPNEGO tokens of people who hold tickets, made ahead of time, and the bare library that accepts
 * them: the peer of the broker's sign-in. Ends the program with a message where GSSAPI fails.
 */
#pragma once

#include <glib.h>

/* `n` tokens for HTTP@`host`, of the credential caches (paths) in turn: elements are GBytes *.
 * Caller unrefs. */
GPtrArray *tickets_make(const char *host, char **caches, unsigned n);
/* Accepts them one after the other with the keys of `keytab`, as fast as the library does: how many
 * a second. */
double tickets_accept(const char *keytab, const GPtrArray *tokens);
