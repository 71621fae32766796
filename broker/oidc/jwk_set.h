/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A provider's public keys (RFC 7517 section 5), on libcjose. Keys that cannot verify what we take
 * are passed over, as the RFC wants: only EC P-256 for ES256, and RSA of 2048 to 4096 bits for
 * RS256 and PS256, with "use" absent or "sig". Secret keys ("oct") never get in. Main thread.
 */
#pragma once

#include <cjose/cjose.h>
#include <glib.h>
#include <stddef.h>

#include "common/cleanup.h"

#define JWK_SET_MAX_SIZE (64 * 1024) /* bytes of text */
#define JWK_SET_MAX_KEYS 32

struct jwk_set;
/* QVMI_ERROR_INVALID: no set, or no key in it that we could use. Caller frees. */
struct jwk_set *jwk_set_parse(const char *text, size_t n, GError **error);
void jwk_set_free(struct jwk_set *set);

/* The key that has this id and fits the algorithm ("ES256", "RS256", "PS256"). Without an id the
 * one key that fits, if there is only one. NULL: none. Borrowed. */
const cjose_jwk_t *jwk_set_find(const struct jwk_set *set, const char *id, const char *algorithm);

DEFINE_CLEANUP(jwk_set);
