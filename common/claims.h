/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON that is signed: compact JWS (RFC 7515) with Ed25519 (RFC 8037), its purpose told by "typ"
 * and checked (RFC 8725 section 3.11), the signer by "kid".
 */
#pragma once

#include <json-glib/json-glib.h>

#include "common/grant_key.h"

/* By the first of the keys. NULL with error; caller frees. */
char *claims_sign(
    const struct grant_key *key, const char *type, JsonObject *payload, GError **error);
/* The payload, if any of the keys has signed it for this purpose; NULL: not so. Caller unrefs. */
JsonNode *claims_verify(const struct grant_key *key, const char *type, const char *token, size_t n);
