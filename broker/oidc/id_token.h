/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The assertion by which a company's provider vouches for a person: the ID Token of OpenID Connect
 * Core 1.0, section 2. Our proxy makes it, the broker checks it. Pure functions; seconds since the
 * epoch.
 *
 * It is good for ID_TOKEN_LIFETIME_S from when it was made, whatever longer time it names: other
 * providers than ours like to give an hour.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdint.h>

#include "common/cleanup.h"

#define ID_TOKEN_LIFETIME_S 60
#define ID_TOKEN_SKEW_S 5 /* a clock that is fast may have made it */
#define ID_TOKEN_MAX_GROUPS 1000
#define ID_TOKEN_MAX_NAME 255 /* bytes: subject (section 2), nonce, id, names */

struct id_token {
	char *issuer, *subject, *audience, *nonce;
	char *id;                   /* "jti"; NULL: the provider gives none */
	char *username;             /* "preferred_username"; NULL: none */
	char *full_name;            /* NULL: none */
	char **groups;              /* never NULL */
	int64_t issued, good_until; /* good while now < good_until */
};
void id_token_free(struct id_token *token);

struct id_token_expected {
	const char *issuer, *client_id, *nonce;
	int64_t now;
};

/* What a verified token claims, if it is for us, for this sign-in and for now. Else
 * QVMI_ERROR_UNAUTHENTICATED names what is wrong. Caller frees. */
struct id_token *id_token_read(
    JsonObject *claims, const struct id_token_expected *expected, GError **error);
/* The claims of one. Caller unrefs. */
JsonNode *id_token_write(const struct id_token *token);

DEFINE_CLEANUP(id_token);
