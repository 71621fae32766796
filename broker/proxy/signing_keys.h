/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The provider's own keys (ES256) in a file, a JWK set (RFC 7517) that nobody else may read, made
 * when it is not there. The youngest key signs. Once it is older than `lifetime_s` a new one takes
 * over, and the old one is still published for a day: caches of its verifiers may be so old. A key
 * that is taken out of the file is revoked with the next start. Main thread; seconds since the
 * epoch.
 */
#pragma once

#include <cjose/cjose.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"

#define SIGNING_KEYS_OVERLAP_S 86400

struct signing_keys;
struct signing_keys *signing_keys_open(
    const char *path, int64_t lifetime_s, int64_t now, GError **error);
void signing_keys_free(struct signing_keys *keys);
/* Makes the new key when it is time, forgets old ones. To be called from time to time. */
bool signing_keys_turn(struct signing_keys *keys, int64_t now, GError **error);

const cjose_jwk_t *signing_keys_current(const struct signing_keys *keys); /* borrowed */
/* The public halves. Caller unrefs. */
JsonNode *signing_keys_publish(const struct signing_keys *keys);

DEFINE_CLEANUP(signing_keys);
