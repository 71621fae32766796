/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slows down guessing of passwords without locking anybody out.
 *
 * Failures are counted by account and address together, and by address alone with a larger
 * allowance. So a stranger who guesses at somebody's account delays himself, not the owner at
 * another address (OWASP Authentication Cheat Sheet, "Account Lockout"). Past the allowance every
 * further failure doubles the wait, from 5 s to 5 min; what is quiet for 15 min is forgotten.
 *
 * An attempt is charged before the password is looked at, so that a hundred parallel guesses count
 * a hundred. Time is given by the caller, in microseconds of a monotonic clock. Memory is bounded:
 * of ATTEMPT_LIMITER_MAX counters the one that has been quiet the longest goes first. An IPv6
 * address counts by its /64, which is what one subscriber gets.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"

#define ATTEMPT_LIMITER_MAX 8192
#define ATTEMPT_PAIR_ALLOWANCE 5
#define ATTEMPT_ADDRESS_ALLOWANCE 30
#define ATTEMPT_FIRST_DELAY_S 5
#define ATTEMPT_LONGEST_DELAY_S 300
#define ATTEMPT_MEMORY_S 900

struct attempt_limiter;
struct attempt_limiter *attempt_limiter_new(void);
void attempt_limiter_free(struct attempt_limiter *limiter);

/* 0: go on, the attempt has been charged; settle it with one of the next two or let it stand as a
 * failure. Else: the seconds to wait; nothing was charged. */
unsigned attempt_limiter_charge(
    struct attempt_limiter *limiter, const char *account, const char *address, int64_t now);
/* The password was right: the pair starts anew, the address gets this one charge back. */
void attempt_limiter_succeeded(
    struct attempt_limiter *limiter, const char *account, const char *address);
/* The password was not looked at: both charges are given back. */
void attempt_limiter_refund(
    struct attempt_limiter *limiter, const char *account, const char *address);
/* Counters held now. */
unsigned attempt_limiter_size(const struct attempt_limiter *limiter);

DEFINE_CLEANUP(attempt_limiter);
