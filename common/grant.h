/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The grant: a JSON Web Token (RFC 7519, compact JWS RFC 7515) signed with Ed25519 (RFC 8037,
 * "alg":"EdDSA") by which the broker tells a host whom to let in to what. At most 60 s of life,
 * used once. The header names the key that signed ("kid", common/grant_key.h).
 *
 * Claims: iss "qvmi-broker", aud host id, sub user, jti (grant id, 128 bit), nbf, exp, phone
 * (uuid), session (uuid), "role": "user" | "viewer", "second": what becomes of the other
 * terminals that look at the phone ("take-over": they are ended), or of this one while another
 * drives it ("look-on": it only looks), and where the terminal has told a key "cnf":
 * {"jwk"} (RFC 7800): then it shows the grant with "~" and its signature of CLIENT_KEY_GRANT behind
 * it, as SD-JWT does with a key binding (RFC 9901). The verifier needs the public key only and
 * checks offline; it names what is wrong (QVMI_ERROR_UNAUTHENTICATED: "the grant has expired 12 s
 * ago; sign in again").
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/client_key.h"
#include "common/grant_key.h"

#define GRANT_MAX_SIZE 2048 /* bytes of the token and its proof */
#define GRANT_PROOF '~'     /* between them */
#define GRANT_MAX_LIFETIME 60

struct grant {
	char *id;      /* jti */
	char *host;    /* aud */
	char *user;    /* sub */
	char *phone;   /* uuid */
	char *session; /* uuid */
	char *role;
	char *second;     /* "share", "take-over", "look-on"; NULL: share */
	char *client_key; /* as common/client_key.h keeps it; NULL: anybody's who has the grant */
	int64_t not_before, expires; /* seconds since the epoch */
};
void grant_free(struct grant *grant);

/* With the first of the keys. Fills id; caller frees the token. */
char *grant_sign(const struct grant_key *key, struct grant *grant, GError **error);
/* `now` in seconds; allows 5 s of clock skew at nbf. Caller frees. */
struct grant *grant_verify(const struct grant_key *key, const char *token, size_t n,
    const char *host, int64_t now, GError **error);

DEFINE_CLEANUP(grant);
