/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A host's own certificate: subject common name "host:ID". With it a host tells the pool where it
 * is, and nothing else: it comes from the authority that also certifies poold, so every server
 * behind mutual TLS has to tell the two apart. Whoever breaks out of a phone into its host has this
 * key, and must not have the other hosts with it.
 */
#pragma once

#include "common/http_server.h"

/* The ID, borrowed from the peer; NULL: this is no host. */
const char *host_certificate_id(const struct http_peer *peer);

/* A guard (http_server_set_guard) for servers at which hosts have no business. */
bool host_certificate_refuse(
    struct http_request *request, const struct http_route *route, GError **error);
