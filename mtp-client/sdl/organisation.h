/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Sign-in at one's own organisation, which vouches for one to the broker (docs/federation.md): the
 * way from the provider's address to the code that comes to our loopback address (RFC 8252 section
 * 7.3). By the system's browser; or by a Kerberos ticket, for which we are the browser, and then
 * nobody needs to listen. The code is worth nothing without the verifier, which stays here (PKCE).
 * Runs on GLib's default main context.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/http_client.h"

#define ORGANISATION_WAIT_S 600 /* so long does the broker wait */

struct organisation;
/* Listens on 127.0.0.1. QVMI_ERROR_UNAVAILABLE: it cannot. */
struct organisation *organisation_new(GError **error);
void organisation_free(struct organisation *organisation); /* `done` does not run any more */

/* What the broker has to be told. */
uint16_t organisation_port(const struct organisation *organisation);
const char *organisation_challenge(const struct organisation *organisation);
const char *organisation_state(const struct organisation *organisation);
const char *organisation_verifier(const struct organisation *organisation);

/* `code` NULL with error: none came. Both are borrowed. Runs once. */
typedef void (*organisation_done)(const char *code, const GError *error, void *data);
/* Has the browser opened at `url`, and says it on stderr, for one on which it cannot be. */
void organisation_browse(
    struct organisation *organisation, const char *url, organisation_done done, void *data);
/* Goes there with the user's ticket; from there on by `broker` only. `ca_file` as of http_client.
 */
void organisation_negotiate(struct organisation *organisation, const char *url,
    struct http_client *broker, const char *ca_file, organisation_done done, void *data);

DEFINE_CLEANUP(organisation);
