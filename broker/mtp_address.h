/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The name under which a terminal reaches a host's mtpd.
 *
 * A host that listens everywhere has no one address, and one that listens on loopback can only be
 * on the broker's own machine; then the right name is the one by which this terminal reached the
 * broker, whatever NAT or tunnel lies between.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

/* `address`: the host's own ("", "0.0.0.0", "::" and loopback stand for the broker's machine);
 * `http_host`: the Host header of the request (RFC 9110 7.2), NULL over a UNIX socket, where
 * "localhost" is right. An IPv6 address comes without brackets. QVMI_ERROR_INVALID: the header is
 * no host name. Caller frees. */
char *mtp_address_host(const char *address, const char *http_host, GError **error);

/* "wss://HOST:PORT/mtp". Caller frees. */
char *mtp_address_websocket(const char *host, uint16_t port);
