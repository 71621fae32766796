/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Proof Key for Code Exchange, method S256 (RFC 7636), and the random texts of the protocol. Pure
 * but for the random numbers.
 */
#pragma once

#include <stdbool.h>

#define PKCE_SIZE 43 /* characters of 256 bits in base64url: verifier and challenge */

/* 256 random bits in base64url. Caller frees. */
char *pkce_random(void);
/* The challenge of a verifier. Caller frees. */
char *pkce_challenge(const char *verifier);
/* Could it be a challenge? (section 4.2) */
bool pkce_is_challenge(const char *text);
/* In constant time. */
bool pkce_fits(const char *challenge, const char *verifier);
