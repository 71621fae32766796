/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a relying party asks of us by way of the browser: OpenID Connect Core 3.1.2.1 with PKCE (RFC
 * 7636). Pure.
 */
#pragma once

#include <glib.h>

#include "broker/proxy/relying_party.h"
#include "common/cleanup.h"

struct authorization {
	const struct relying_party *party; /* borrowed of the registry */
	char *redirect_uri, *nonce, *challenge;
	char *state, *login_hint; /* may be NULL */
};
void authorization_free(struct authorization *authorization);

/* The value of a parameter, NULL when absent. */
typedef const char *(*authorization_parameter)(const char *name, void *data);
/*
 * NULL with error: QVMI_ERROR_DENIED when it is not known where to return (client or redirect URI
 * are not registered, and nobody is sent anywhere). Else *answer is set: where to send the browser
 * with the error (RFC 6749 4.1.2.1); caller frees it.
 */
struct authorization *authorization_read(const struct relying_parties *parties, const char *issuer,
    authorization_parameter parameter, void *data, char **answer, GError **error);
/* The request again, as a query. Caller frees. */
char *authorization_query(const struct authorization *authorization);
/* Where the browser goes with a code, or with an error of RFC 6749; one of the two is NULL. Names
 * the issuer (RFC 9207). Caller frees. */
char *authorization_answer(const struct authorization *authorization, const char *issuer,
    const char *code, const char *error);

DEFINE_CLEANUP(authorization);
