/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>

#include "broker/attempt_limiter.h"

#define S G_USEC_PER_SEC

static unsigned charge(
    struct attempt_limiter *limiter, const char *account, const char *address, int64_t now)
{
	const struct attempt attempt = {.account = account, .address = address};
	return attempt_limiter_charge(limiter, &attempt, now);
}

static unsigned charge_device(
    struct attempt_limiter *limiter, const char *account, const char *device, int64_t now)
{
	const struct attempt attempt = {
	    .account = account, .address = "10.0.0.1", .device = device};
	return attempt_limiter_charge(limiter, &attempt, now);
}

/* `n` failures that are let through, each after the wait it is told. Returns the time after. */
static int64_t fail_often(struct attempt_limiter *limiter, const char *account, const char *address,
    unsigned n, int64_t now)
{
	for (unsigned i = 0; i < n; i++) {
		unsigned wait = charge(limiter, account, address, now);
		if (wait) {
			now += wait * S;
			g_assert_cmpuint(charge(limiter, account, address, now), ==, 0);
		}
	}
	return now;
}

static void test_delays_double(void)
{
	AUTO(attempt_limiter) limiter = attempt_limiter_new();
	int64_t now = 1000 * S;
	for (unsigned i = 0; i < ATTEMPT_PAIR_ALLOWANCE; i++)
		g_assert_cmpuint(charge(limiter, "eve", "10.0.0.1", now), ==, 0);
	static const unsigned delays[] = {5, 10, 20, 40, 80, 160, 300, 300, 300};
	for (unsigned i = 0; i < G_N_ELEMENTS(delays); i++) {
		g_assert_cmpuint(charge(limiter, "eve", "10.0.0.1", now), ==, delays[i]);
		now += delays[i] * S;
		g_assert_cmpuint(charge(limiter, "eve", "10.0.0.1", now), ==, 0);
	}
}

static void test_victim_is_not_locked_out(void)
{
	AUTO(attempt_limiter) limiter = attempt_limiter_new();
	int64_t now = fail_often(limiter, "alice", "203.0.113.9", 20, 1000 * S);
	g_assert_cmpuint(charge(limiter, "alice", "203.0.113.9", now), >, 0);
	g_assert_cmpuint(charge(limiter, "alice", "198.51.100.1", now), ==, 0);
}

static void test_case_and_subnet_are_one(void)
{
	AUTO(attempt_limiter) limiter = attempt_limiter_new();
	int64_t now = 1000 * S;
	static const char *const names[] = {"alice", "Alice", "ALICE", "aLICE", "alicE"};
	static const char *const addresses[] = {
	    "2001:db8::1", "2001:db8::2", "2001:db8:0:0:9::1", "2001:db8::ffff", "2001:db8::5"};
	for (unsigned i = 0; i < 5; i++)
		g_assert_cmpuint(charge(limiter, names[i], addresses[i], now), ==, 0);
	g_assert_cmpuint(charge(limiter, "alice", "2001:db8::77", now), ==, 5);
	g_assert_cmpuint(charge(limiter, "alice", "2001:db8:0:1::77", now), ==, 0);
}

static void test_address_limit_over_many_accounts(void)
{
	AUTO(attempt_limiter) limiter = attempt_limiter_new();
	int64_t now = 1000 * S;
	for (unsigned i = 0; i < ATTEMPT_ADDRESS_ALLOWANCE; i++) {
		g_autofree char *name = g_strdup_printf("user%u", i);
		g_assert_cmpuint(charge(limiter, name, "10.0.0.1", now), ==, 0);
	}
	g_assert_cmpuint(charge(limiter, "somebody", "10.0.0.1", now), ==, 5);
	g_assert_cmpuint(charge(limiter, "somebody", "10.0.0.2", now), ==, 0);
}

static void test_success_and_refund(void)
{
	AUTO(attempt_limiter) limiter = attempt_limiter_new();
	int64_t now = 1000 * S;
	for (unsigned round = 0; round < 20; round++) {
		for (unsigned i = 0; i < ATTEMPT_PAIR_ALLOWANCE - 1; i++)
			g_assert_cmpuint(charge(limiter, "bob", "10.0.0.1", now), ==, 0);
		attempt_limiter_succeeded(
		    limiter, &(struct attempt){.account = "bob", .address = "10.0.0.1"});
		for (unsigned i = 0; i < ATTEMPT_PAIR_ALLOWANCE - 2; i++)
			attempt_limiter_refund(limiter,
			    &(struct attempt){.account = "bob",
			        .address = "10.0.0.1"}); /* the pair is gone: address only */
	}
	g_assert_cmpuint(attempt_limiter_size(limiter), ==, 0);
}

static void test_right_passwords_buy_no_guesses(void)
{
	AUTO(attempt_limiter) limiter = attempt_limiter_new();
	int64_t now = 1000 * S;
	for (unsigned i = 0; i < ATTEMPT_ADDRESS_ALLOWANCE + 5; i++) {
		g_autofree char *name = g_strdup_printf("user%u", i);
		now = fail_often(limiter, name, "10.0.0.1", 1, now);
	}
	unsigned wait = charge(limiter, "eve", "10.0.0.1", now);
	g_assert_cmpuint(wait, >, 0);
	now += wait * S;
	g_assert_cmpuint(charge(limiter, "eve", "10.0.0.1", now), ==, 0);
	attempt_limiter_succeeded(
	    limiter, &(struct attempt){.account = "eve", .address = "10.0.0.1"});
	g_assert_cmpuint(charge(limiter, "alice", "10.0.0.1", now), >, 0);
}

/* One guess from each address: nobody is delayed by pair or address. */
static void test_guessing_from_everywhere(void)
{
	AUTO(attempt_limiter) limiter = attempt_limiter_new();
	int64_t now = 1000 * S;
	unsigned guesses = 0;
	for (unsigned i = 0; i < 3600; i++, now += S) {
		g_autofree char *address = g_strdup_printf("10.1.%u.%u", i >> 8 & 255, i & 255);
		guesses += charge(limiter, "alice", address, now) == 0;
	}
	g_test_message("%u guesses in an hour", guesses);
	g_assert_cmpuint(guesses, >=, ATTEMPT_ACCOUNT_ALLOWANCE);
	g_assert_cmpuint(guesses, <=, 100); /* OWASP ASVS 2.2.1 */
	/* The same goes for a name that nobody has; others are not delayed. */
	g_assert_cmpuint(charge(limiter, "bob", "10.9.9.9", now), ==, 0);
}

static void test_known_device_has_a_way_in(void)
{
	AUTO(attempt_limiter) limiter = attempt_limiter_new();
	int64_t now = 1000 * S;
	for (unsigned i = 0; i < 500; i++) {
		g_autofree char *address = g_strdup_printf("10.1.%u.%u", i >> 8 & 255, i & 255);
		charge(limiter, "alice", address, now);
	}
	g_assert_cmpuint(charge(limiter, "alice", "192.0.2.1", now), >, 0);
	for (unsigned i = 0; i < ATTEMPT_PAIR_ALLOWANCE; i++)
		g_assert_cmpuint(charge_device(limiter, "alice", "laptop", now), ==, 0);
	/* Who has the device has no more guesses than anybody, nor those of another account. */
	g_assert_cmpuint(charge_device(limiter, "alice", "laptop", now), ==, 5);
	g_assert_cmpuint(charge_device(limiter, "alice", "handset", now), ==, 0);
	g_assert_cmpuint(charge_device(limiter, "bob", "laptop", now), ==, 0);
	const struct attempt right = {
	    .account = "alice", .address = "10.0.0.1", .device = "laptop"};
	attempt_limiter_succeeded(limiter, &right);
	g_assert_cmpuint(charge_device(limiter, "alice", "laptop", now), ==, 0);
}

static void test_forgets(void)
{
	AUTO(attempt_limiter) limiter = attempt_limiter_new();
	int64_t now = fail_often(limiter, "alice", "10.0.0.1", 12, 1000 * S);
	now += (ATTEMPT_MEMORY_S + 1) * S;
	g_assert_cmpuint(charge(limiter, "bob", "10.0.0.2", now), ==, 0);
	g_assert_cmpuint(attempt_limiter_size(limiter), ==, 3); /* bob's three only */
}

static void test_memory_is_bounded(void)
{
	AUTO(attempt_limiter) limiter = attempt_limiter_new();
	for (unsigned i = 0; i < 3 * ATTEMPT_LIMITER_MAX; i++) {
		g_autofree char *address =
		    g_strdup_printf("10.%u.%u.%u", i >> 16 & 255, i >> 8 & 255, i & 255);
		charge(limiter, address, address, 1000 * S + i);
		g_assert_cmpuint(attempt_limiter_size(limiter), <=, ATTEMPT_LIMITER_MAX);
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/attempt-limiter/delays-double", test_delays_double);
	g_test_add_func("/attempt-limiter/victim-is-not-locked-out", test_victim_is_not_locked_out);
	g_test_add_func("/attempt-limiter/case-and-subnet-are-one", test_case_and_subnet_are_one);
	g_test_add_func("/attempt-limiter/address-limit", test_address_limit_over_many_accounts);
	g_test_add_func("/attempt-limiter/success-and-refund", test_success_and_refund);
	g_test_add_func(
	    "/attempt-limiter/right-passwords-buy-no-guesses", test_right_passwords_buy_no_guesses);
	g_test_add_func("/attempt-limiter/guessing-from-everywhere", test_guessing_from_everywhere);
	g_test_add_func(
	    "/attempt-limiter/known-device-has-a-way-in", test_known_device_has_a_way_in);
	g_test_add_func("/attempt-limiter/forgets", test_forgets);
	g_test_add_func("/attempt-limiter/memory-is-bounded", test_memory_is_bounded);
	return g_test_run();
}
