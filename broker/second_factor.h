/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What people have enrolled as their second factor: the secret of an authenticator application
 * (totp.h), sealed, and recovery codes for the day on which it is lost. A recovery code is 80
 * random bits, recorded as an HMAC with the user's salt. Every code is good once, also when two
 * come at the same time. Main thread; time in seconds since the epoch.
 */
#pragma once

#include <stdint.h>

#include "broker/secret_key.h"
#include "broker/totp.h"
#include "common/database.h"

#define RECOVERY_CODES 10

bool second_factor_is_enrolled(
    struct database *database, const char *user, bool *enrolled, GError **error);
/* Records the secret, whose step `used` has been shown, and new recovery codes: RECOVERY_CODES of
 * "abcd-efgh-2345-wxyz", which the user sees this once. QVMI_ERROR_CONFLICT: enrolled already.
 * Caller frees. */
char **second_factor_enrol(struct database *database, const struct secret_key *key,
    const char *user, const uint8_t secret[TOTP_SECRET_SIZE], uint64_t used, int64_t now,
    GError **error);

enum second_factor_outcome { FACTOR_REFUSED, FACTOR_SHOWN, FACTOR_RECOVERED };
/* A code of the application, or a recovery code; blanks, dashes and case do not matter. What it
 * finds is used up. QVMI_ERROR_CORRUPT: the key file is another. */
bool second_factor_check(struct database *database, const struct secret_key *key, const char *user,
    const char *code, int64_t now, enum second_factor_outcome *outcome, GError **error);
/* Recovery codes that are left; -1 with error. */
int second_factor_codes_left(struct database *database, const char *user, GError **error);
/* QVMI_ERROR_NOT_FOUND: this user has none. */
bool second_factor_forget(struct database *database, const char *user, GError **error);
