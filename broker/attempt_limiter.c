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

/* '\n' stands in no part, so that two keys never are one. The account is what a stranger typed:
 * hashed, it takes the same room whatever its length. */
static char *account_key(const char *account)
{
	g_autofree char *folded = g_ascii_strdown(account, -1);
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, folded, -1);
}

/* A counter that an attempt is charged to. */
struct limit {
	char *key;
	unsigned allowance;
	bool personal; /* starts anew when the password was right */
};

#define LIMITS_MAX 3

struct limits {
	struct limit each[LIMITS_MAX];
	unsigned n;
};

static void limits_add(struct limits *limits, char *key, unsigned allowance, bool personal)
{
	limits->each[limits->n++] =
	    (struct limit){.key = key, .allowance = allowance, .personal = personal};
}

static void limits_init(struct limits *limits, const struct attempt *attempt)
{
	*limits = (struct limits){0};
	g_autofree char *account = account_key(attempt->account);
	if (attempt->device) {
		limits_add(limits, g_strconcat(account, "\n\n", attempt->device, NULL),
		    ATTEMPT_PAIR_ALLOWANCE, true);
		return;
	}
	char *where = address_key(attempt->address);
	limits_add(limits, g_strconcat(account, "\n", where, NULL), ATTEMPT_PAIR_ALLOWANCE, true);
	limits_add(limits, where, ATTEMPT_ADDRESS_ALLOWANCE, false);
	limits_add(limits, g_steal_pointer(&account), ATTEMPT_ACCOUNT_ALLOWANCE, false);
}

static void limits_finish(struct limits *limits)
{
	for (unsigned i = 0; i < limits->n; i++)
		g_free(limits->each[i].key);
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
    struct attempt_limiter *limiter, const struct attempt *attempt, int64_t now)
{
	struct limits limits;
	limits_init(&limits, attempt);
	forget_quiet(limiter, now);
	unsigned wait = 0;
	for (unsigned i = 0; i < limits.n; i++)
		wait = MAX(wait, wait_s(limiter, limits.each[i].key, now));
	for (unsigned i = 0; !wait && i < limits.n; i++)
		charge(limiter, limits.each[i].key, limits.each[i].allowance, now);
	forget_quiet(limiter, now);
	limits_finish(&limits);
	return wait;
}

void attempt_limiter_succeeded(struct attempt_limiter *limiter, const struct attempt *attempt)
{
	struct limits limits;
	limits_init(&limits, attempt);
	for (unsigned i = 0; i < limits.n; i++) {
		const struct limit *limit = &limits.each[i];
		struct counter *counter = g_hash_table_lookup(limiter->counters, limit->key);
		if (!limit->personal)
			give_back(limiter, limit->key, limit->allowance);
		else if (counter)
			counter_forget(limiter, counter);
	}
	limits_finish(&limits);
}

void attempt_limiter_refund(struct attempt_limiter *limiter, const struct attempt *attempt)
{
	struct limits limits;
	limits_init(&limits, attempt);
	for (unsigned i = 0; i < limits.n; i++)
		give_back(limiter, limits.each[i].key, limits.each[i].allowance);
	limits_finish(&limits);
}

unsigned attempt_limiter_size(const struct attempt_limiter *limiter)
{
	return g_hash_table_size(limiter->counters);
}
