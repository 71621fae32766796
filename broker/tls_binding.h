/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The channel binding tls-server-end-point (RFC 5929 section 4): a client that binds its token to
 * it says that it spoke to the owner of this very certificate, and nobody in between.
 */
#pragma once

#include <glib.h>

/* Of the first certificate in a PEM file, with the prefix "tls-server-end-point:". The hash is that
 * of the certificate's signature, SHA-256 in place of MD5 and SHA-1. QVMI_ERROR_INVALID: the
 * signature has no one hash (Ed25519), so RFC 5929 defines none. Caller unrefs. */
GBytes *tls_binding_of_file(const char *path, GError **error);
