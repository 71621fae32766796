/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The codes that answer an authorization request (RFC 6749 section 4.1.2): 256 random bits, good
 * once, for a minute, for the client that asked. They live in memory: a restart forgets them. Main
 * thread; seconds since the epoch.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "broker/proxy/authorization.h"

#define AUTHORIZATION_CODE_S 60
#define AUTHORIZATION_CODES_MAX 4096

/* For whom a code stands. */
struct vouched_person {
	char *subject, *username, *full_name; /* full_name may be NULL */
	char **groups;
};
void vouched_person_free(struct vouched_person *person);

struct authorization_codes;
struct authorization_codes *authorization_codes_new(void);
void authorization_codes_free(struct authorization_codes *codes);
/* Takes both. QVMI_ERROR_UNAVAILABLE: too many at once, both are freed. Caller frees the code. */
char *authorization_codes_issue(struct authorization_codes *codes,
    struct authorization *authorization, struct vouched_person *person, int64_t now,
    GError **error);

struct authorization_proof {
	const struct relying_party *party;
	const char *redirect_uri, *verifier;
	int64_t now;
};
/* The code is used up, whatever comes out. NULL: unknown, used, too old, or not this client's.
 * *nonce is of the request. Caller frees both. */
struct vouched_person *authorization_codes_redeem(struct authorization_codes *codes,
    const char *code, const struct authorization_proof *proof, char **nonce);

DEFINE_CLEANUP(vouched_person);
DEFINE_CLEANUP(authorization_codes);
