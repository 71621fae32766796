/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One-time passwords of the clock (RFC 6238): HMAC-SHA-1, six digits, steps of 30 s, which is what
 * every authenticator application knows. Pure functions; time in seconds since the epoch.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define TOTP_SECRET_SIZE 20 /* RFC 4226 section 4, R6 */
#define TOTP_STEP_S 30
#define TOTP_DIGITS 6
#define TOTP_TOLERANCE 1 /* steps that a clock may be off to either side (RFC 6238 section 5.2) */

/* HOTP (RFC 4226 section 5.3) of the step's number. */
uint32_t totp_code(const uint8_t *secret, size_t n, uint64_t step);
/* The step that `code` (blanks and dashes do not matter) is of, around `now` and after `used`, the
 * last that was used (RFC 6238 section 5.2: a code is good once); 0: of none. Takes the same time
 * for every code. */
uint64_t totp_find_step(
    const uint8_t *secret, size_t n, const char *code, int64_t now, uint64_t used);

/* RFC 4648 section 6, without padding. Caller frees. */
char *totp_base32(const uint8_t *bytes, size_t n);
/* "otpauth://totp/ISSUER:USER?secret=...", which authenticator applications read from a QR code.
 * Caller frees. */
char *totp_uri(const char *secret_base32, const char *issuer, const char *user);
