/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Signed JSON Web Tokens in compact form (RFC 7515, RFC 7519), on libcjose. Verified are ES256,
 * RS256 and PS256, with a public key only; "none", what has "crit" and everything else is refused
 * (RFC 8725 sections 3.1 and 3.2). Main thread.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "broker/oidc/jwk_set.h"

#define JWS_MAX_SIZE (16 * 1024) /* bytes of the token */

/* The claims; NULL with QVMI_ERROR_UNAUTHENTICATED. *unknown_key: a key that is not in the set is
 * named: the provider may have a new one. Caller unrefs. */
JsonNode *jws_verify(
    const struct jwk_set *keys, const char *token, size_t n, bool *unknown_key, GError **error);

/* With ES256, by a private key that has an id. Caller frees. */
char *jws_sign(const cjose_jwk_t *key, JsonNode *claims, GError **error);
