/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SPNEGO (RFC 4178) with Kerberos (RFC 4121) as in "Authorization: Negotiate" (RFC 4559): the
 * acceptor. One leg: HTTP has no connection to keep a half-made context on. Only tickets for our
 * own service principal, each only once (the library's replay cache, a file that all our processes
 * share). Delegated credentials are not taken. No network.
 */
#pragma once

#include "broker/realm/message.h"
#include "broker/realm/options.h"
#include "common/cleanup.h"

#define TICKET_MAX 65536

/* Borrows the options. */
struct ticket_service;
struct ticket_service *ticket_service_new(const struct realm_options *options);
void ticket_service_free(struct ticket_service *service);

/* `binding`: what a client that binds its token to the TLS connection has bound it to (RFC 5929
 * section 4, with its prefix); empty: nothing to compare with. Caller frees. */
struct realm_answer *ticket_accept(struct ticket_service *service, GBytes *token, GBytes *binding);

DEFINE_CLEANUP(ticket_service);
