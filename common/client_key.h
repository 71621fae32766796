/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A terminal's own key: ECDSA on P-256 with SHA-256 (ES256, RFC 7518 section 3.4), because every
 * browser has it and can keep it from scripts. What a session gives out (grants, resumption tokens)
 * names the public key; who shows it proves that he has the private one (RFC 7800).
 *
 * A public key is told as a JWK (RFC 7517) and kept as the base64url of its 65 bytes, 04 X Y. A
 * signature is the base64url of R S, 64 bytes.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "common/cleanup.h"

#define CLIENT_KEY_PROOF_SIZE 86 /* characters of a signature */

/* What a signature is for: it stands before the text, so that none serves for another purpose. */
#define CLIENT_KEY_GRANT "qvmi grant "
#define CLIENT_KEY_RESUME "qvmi resume "

struct client_key; /* a private one */
struct client_key *client_key_new(GError **error);
void client_key_free(struct client_key *key);
const char *client_key_public(const struct client_key *key); /* as kept; borrowed */
/* Caller frees. */
char *client_key_sign(
    const struct client_key *key, const char *purpose, const char *text, GError **error);

JsonObject *client_key_jwk(const char *public_key); /* caller unrefs */
/* As kept; caller frees. QVMI_ERROR_INVALID: not a point of P-256. Other members of the object
 * (key_ops ...) are not read. */
char *client_key_of_jwk(JsonObject *jwk, GError **error);
/* Has the owner of this key signed this text? False for anything that is malformed. */
bool client_key_verify(const char *public_key, const char *purpose, const char *text, size_t n,
    const char *proof, size_t n_proof);

DEFINE_CLEANUP(client_key);
