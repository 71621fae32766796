/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The key that secrets in the records are sealed with, so that a copy of the database gives none of
 * them away. It is a file of SECRET_KEY_SIZE random bytes; two keys are derived from it, one to
 * seal (AES-256-GCM, NIST SP 800-38D, a random nonce each) and one to authenticate (HMAC-SHA-256).
 * `context` says what a secret is and whose ("totp alice"): one that is moved to another row does
 * not open. Main thread.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"

#define SECRET_KEY_SIZE 32
#define SECRET_MAC_SIZE 32

struct secret_key;
/* Refuses a file of another size, and one that others may read (QVMI_ERROR_INVALID). */
struct secret_key *secret_key_load(const char *path, GError **error);
void secret_key_free(struct secret_key *key); /* wipes it */

/* Caller unrefs. */
GBytes *secret_key_seal(
    const struct secret_key *key, const char *context, const void *secret, size_t n);
/* Into `secret`, exactly `n` bytes. QVMI_ERROR_CORRUPT: sealed by another key, for another
 * context, or changed. */
bool secret_key_open(const struct secret_key *key, const char *context, GBytes *sealed,
    void *secret, size_t n, GError **error);
void secret_key_mac(const struct secret_key *key, const char *context, const void *bytes, size_t n,
    uint8_t mac[SECRET_MAC_SIZE]);

DEFINE_CLEANUP(secret_key);
