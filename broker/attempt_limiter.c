/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/attempt_limiter.h"

#include <gio/gio.h>

struct counter {
	char *key;
	unsigned failures;
	int64_t last, until; /* of the monotonic clock, in us; until: no attempt before */
	GList link;          /* in limiter->quiet, the quietest at the head */
};

struct attempt_limiter {
	GHashTable *counters; /* key -> struct counter */
	GQueue quiet;
};

static void counter_free(void *data)
{
	struct counter *counter = data;
	g_free(counter->key);
	g_free(counter);
}

struct attempt_limiter *attempt_limiter_new(void)
{
	struct attempt_limiter *limiter = g_new0(struct attempt_limiter, 1);
	limiter->counters = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, counter_free);
	g_queue_init(&limiter->quiet);
	return limiter;
}

void attempt_limiter_free(struct attempt_limiter *limiter)
{
	if (!limiter)
		return;
	g_hash_table_destroy(limiter->counters);
	g_free(limiter);
}

static char *address_key(const char *address)
{
	g_autoptr(GInetAddress) inet = g_inet_address_new_from_string(address);
	if (!inet || g_inet_address_get_family(inet) != G_SOCKET_FAMILY_IPV6)
		return g_strdup(address);
	const guint8 *bytes = g_inet_address_to_bytes(inet);
	GString *key = g_string_new("v6:");
	for (unsigned i = 0; i < 8; i++)
		g_string_append_printf(key, "%02x", bytes[i]);
	return g_string_free(key, FALSE);
}

/* '\n' stands in neither part, so that two pairs never share a key. The account is what a stranger
 * typed: hashed, it takes the same room whatever its length. */
static char *pair_key(const char *account, const char *address)
{
	g_autofree char *where = address_key(address);
	g_autofree char *folded = g_ascii_strdown(account, -1);
	g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, folded, -1);
	return g_strconcat(digest, "\n", where, NULL);
}

static void counter_forget(struct attempt_limiter *limiter, struct counter *counter)
{
	g_queue_unlink(&limiter->quiet, &counter->link);
	g_hash_table_remove(limiter->counters, counter->key);
}

static void forget_quiet(struct attempt_limiter *limiter, int64_t now)
{
	while (limiter->quiet.head) {
		struct counter *counter = limiter->quiet.head->data;
		if (now - counter->last < ATTEMPT_MEMORY_S * G_USEC_PER_SEC &&
		    limiter->quiet.length <= ATTEMPT_LIMITER_MAX)
			return;
		counter_forget(limiter, counter);
	}
}

static unsigned wait_s(struct attempt_limiter *limiter, const char *key, int64_t now)
{
	const struct counter *counter = g_hash_table_lookup(limiter->counters, key);
	if (!counter || counter->until <= now)
		return 0;
	return (unsigned)((counter->until - now + G_USEC_PER_SEC - 1) / G_USEC_PER_SEC);
}

static void charge(
    struct attempt_limiter *limiter, const char *key, unsigned allowance, int64_t now)
{
	struct counter *counter = g_hash_table_lookup(limiter->counters, key);
	if (!counter) {
		counter = g_new0(struct counter, 1);
		counter->key = g_strdup(key);
		counter->link.data = counter;
		g_hash_table_insert(limiter->counters, counter->key, counter);
	} else {
		g_queue_unlink(&limiter->quiet, &counter->link);
	}
	g_queue_push_tail_link(&limiter->quiet, &counter->link);
	counter->last = now;
	counter->failures++;
	if (counter->failures < allowance)
		return;
	unsigned doublings = MIN(counter->failures - allowance, 16);
	int64_t delay = MIN((int64_t)ATTEMPT_FIRST_DELAY_S << doublings, ATTEMPT_LONGEST_DELAY_S);
	counter->until = now + delay * G_USEC_PER_SEC;
}

/* Past the allowance the delay stays: another guess, still being looked at, may have caused it. */
static void give_back(struct attempt_limiter *limiter, const char *key, unsigned allowance)
{
	struct counter *counter = g_hash_table_lookup(limiter->counters, key);
	if (!counter)
		return;
	counter->failures--;
	if (counter->failures < allowance)
		counter->until = 0;
	if (counter->failures == 0)
		counter_forget(limiter, counter);
}

unsigned attempt_limiter_charge(
    struct attempt_limiter *limiter, const char *account, const char *address, int64_t now)
{
	g_autofree char *pair = pair_key(account, address);
	g_autofree char *where = address_key(address);
	forget_quiet(limiter, now);
	unsigned wait = MAX(wait_s(limiter, pair, now), wait_s(limiter, where, now));
	if (wait)
		return wait;
	charge(limiter, pair, ATTEMPT_PAIR_ALLOWANCE, now);
	charge(limiter, where, ATTEMPT_ADDRESS_ALLOWANCE, now);
	forget_quiet(limiter, now);
	return 0;
}

void attempt_limiter_succeeded(
    struct attempt_limiter *limiter, const char *account, const char *address)
{
	g_autofree char *pair = pair_key(account, address);
	g_autofree char *where = address_key(address);
	struct counter *counter = g_hash_table_lookup(limiter->counters, pair);
	if (counter)
		counter_forget(limiter, counter);
	give_back(limiter, where, ATTEMPT_ADDRESS_ALLOWANCE);
}

void attempt_limiter_refund(
    struct attempt_limiter *limiter, const char *account, const char *address)
{
	g_autofree char *pair = pair_key(account, address);
	g_autofree char *where = address_key(address);
	give_back(limiter, pair, ATTEMPT_PAIR_ALLOWANCE);
	give_back(limiter, where, ATTEMPT_ADDRESS_ALLOWANCE);
}

unsigned attempt_limiter_size(const struct attempt_limiter *limiter)
{
	return g_hash_table_size(limiter->counters);
}
