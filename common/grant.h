/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grant: a JSON Web Token (RFC 7519, compact JWS RFC 7515) signed with Ed25519 (RFC 8037,
 * "alg":"EdDSA") by which the broker tells a host whom to let in to what. At most 60 s of life,
 * used once.
 *
 * Claims: iss "qvmi-broker", aud host id, sub user, jti (grant id, 128 bit), nbf, exp, phone
 * (uuid), session (uuid), and "role": "user" | "viewer". The verifier needs the public key only and
 * checks offline; it names what is wrong (QVMI_ERROR_UNAUTHENTICATED: "the grant has expired 12 s
 * ago; sign in again"). A used-grants memory is grant_ledger: bounded by lifetime, since grants
 * expire.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"

#define GRANT_MAX_SIZE 2048 /* bytes of the token */
#define GRANT_MAX_LIFETIME 60

struct grant {
	char *id;      /* jti */
	char *host;    /* aud */
	char *user;    /* sub */
	char *phone;   /* uuid */
	char *session; /* uuid */
	char *role;
	int64_t not_before, expires; /* seconds since the epoch */
};
void grant_free(struct grant *grant);

struct grant_key; /* private or public */
struct grant_key *grant_key_load(const char *pem_file, bool private_key, GError **error);
bool grant_key_generate(
    const char *private_pem_file, const char *public_pem_file, GError **error); /* 0600 / 0644 */
void grant_key_free(struct grant_key *key);

/* Fills id; caller frees the token. */
char *grant_sign(const struct grant_key *key, struct grant *grant, GError **error);
/* `now` in seconds; allows 5 s of clock skew at nbf. Caller frees. */
struct grant *grant_verify(const struct grant_key *key, const char *token, size_t n,
    const char *host, int64_t now, GError **error);

struct grant_ledger;
struct grant_ledger *grant_ledger_new(
    unsigned max); /* full: refuses (QVMI_ERROR_RATE_LIMITED), never forgets early */
void grant_ledger_free(struct grant_ledger *ledger);
/* false + QVMI_ERROR_UNAUTHENTICATED when the id has been used. */
bool grant_ledger_use(
    struct grant_ledger *ledger, const struct grant *grant, int64_t now, GError **error);

DEFINE_CLEANUP(grant);
DEFINE_CLEANUP(grant_key);
DEFINE_CLEANUP(grant_ledger);
