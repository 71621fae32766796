/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Listens for terminals that come by TLS 1.3 over TCP (ALPN "mtp/1"). A connection counts from the
 * moment it is accepted: a handshake that does not go on is the front's to end. Main thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "mtp-server/stream.h"

struct tls_listener;

/* May close the stream at once. */
typedef void (*tls_accepted)(struct stream *stream, void *data);

/* `port` 0: the kernel chooses. QVMI_ERROR_CONFLICT: it is taken. */
struct tls_listener *tls_listener_new(const char *address, uint16_t port, const char *certificate,
    const char *key, tls_accepted accepted, void *data, GError **error);
void tls_listener_free(struct tls_listener *listener);
uint16_t tls_listener_port(const struct tls_listener *listener);
