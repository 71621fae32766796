/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stream over TLS (OpenSSL, not blocking, on the main context). */
#pragma once

#include <openssl/ssl.h>

#include "mtp-server/stream.h"

/* Takes the socket and starts the handshake; copies the address. Events may come at once the main
 * loop runs. */
struct stream *tls_stream_new(SSL_CTX *context, int socket, const char *address);
