/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Slows down guessing of passwords without locking anybody out.
 *
 * From a device that the account has signed in from before (device.h), failures are counted by that
 * device alone: whatever strangers do, its owner has a way in (OWASP, "Slow Down Online Guessing
 * Attacks with Device Cookies"). From all others they are counted three times: by account and
 * address together, so that one stranger delays himself only; by address, with a larger allowance;
 * and by account, larger still, so that guessing from many addresses is slow, too. Past an
 * allowance every further failure doubles the wait, from 5 s to 5 min; what is quiet for 15 min is
 * forgotten. So an account bears some 60 failures in its first hour from unknown devices, and 12 in
 * each further one.
 *
 * An attempt is charged before the password is looked at, so that a hundred parallel guesses count
 * a hundred. Accounts that nobody has are counted like those that somebody has. Time is given by
 * the caller, in microseconds of a monotonic clock. Memory is bounded: of ATTEMPT_LIMITER_MAX
 * counters the one that has been quiet the longest goes first. An IPv6 address counts by its /64,
 * which is what one subscriber gets.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"

#define ATTEMPT_LIMITER_MAX 8192
#define ATTEMPT_PAIR_ALLOWANCE 5 /* and a known device's */
#define ATTEMPT_ADDRESS_ALLOWANCE 30
#define ATTEMPT_ACCOUNT_ALLOWANCE 50
#define ATTEMPT_FIRST_DELAY_S 5
#define ATTEMPT_LONGEST_DELAY_S 300
#define ATTEMPT_MEMORY_S 900

struct attempt_limiter;
struct attempt_limiter *attempt_limiter_new(void);
void attempt_limiter_free(struct attempt_limiter *limiter);

struct attempt {
	const char *account; /* as it was typed */
	const char *address;
	const char *device; /* a name of one that the account is known to use; NULL: unknown */
};

/* 0: go on, the attempt has been charged; settle it with one of the next two or let it stand as a
 * failure. Else: the seconds to wait; nothing was charged. */
unsigned attempt_limiter_charge(
    struct attempt_limiter *limiter, const struct attempt *attempt, int64_t now);
/* The password was right: device and pair start anew, address and account get this one charge
 * back. */
void attempt_limiter_succeeded(struct attempt_limiter *limiter, const struct attempt *attempt);
/* The password was not looked at: all charges are given back. */
void attempt_limiter_refund(struct attempt_limiter *limiter, const struct attempt *attempt);
/* Counters held now. */
unsigned attempt_limiter_size(const struct attempt_limiter *limiter);

DEFINE_CLEANUP(attempt_limiter);
