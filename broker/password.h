/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Passwords as they are kept: Argon2id (RFC 9106) in the PHC string format, so that a record says
 * how it was made. Pure functions; hash and verify take tens of milliseconds and `memory_kib` of
 * memory, so the daemon calls them in its password_worker only.
 *
 * A password is its UTF-8 bytes as typed: nothing is trimmed, folded or normalised. (A letter that
 * two keyboards send as different code points, é against e and an accent, is two passwords.)
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#define PASSWORD_MIN_CHARACTERS 8 /* NIST SP 800-63B 5.1.1.2; length is the whole policy */
#define PASSWORD_MAX_BYTES 1024   /* hashing is bounded work, also for a hostile client */

struct password_cost {
	uint32_t memory_kib; /* >= 8 */
	uint32_t passes;     /* >= 1 */
};

/* May `password` be set for `user`? QVMI_ERROR_INVALID says what to change. */
bool password_acceptable(const char *password, const char *user, GError **error);

/* Caller frees. QVMI_ERROR_EXHAUSTED when there is no memory for it. */
char *password_hash(const char *password, const struct password_cost *cost, GError **error);

/* false without error: does not match. QVMI_ERROR_CORRUPT: `encoded` is no Argon2id string. */
bool password_verify(const char *encoded, const char *password, GError **error);

/* Was `encoded` made with this cost? If not it is worth making again while the password is known.
 */
bool password_is_current(const char *encoded, const struct password_cost *cost);

/* Overwrites and frees; takes NULL. */
void password_wipe(char *password);
