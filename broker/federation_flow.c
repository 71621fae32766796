/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/federation_flow.h"

#include "common/pkce.h"
#include "common/error.h"

struct federation_flows {
	GHashTable *table;  /* digest of the secret -> struct federation_flow */
	GQueue order;       /* the digests, the oldest first; owned by the table */
	GHashTable *counts; /* address -> how many */
};

void federation_flow_free(struct federation_flow *flow)
{
	if (!flow)
		return;
	voucher_free(flow->voucher);
	g_free(flow->nonce);
	g_free(flow->verifier);
	g_free(flow->cookie);
	g_free(flow->loopback.challenge);
	g_free(flow->loopback.state);
	g_free(flow->address);
	g_free(flow->user);
	g_free(flow);
}

struct federation_flows *federation_flows_new(void)
{
	struct federation_flows *flows = g_new0(struct federation_flows, 1);
	flows->table = g_hash_table_new_full(
	    g_str_hash, g_str_equal, g_free, (GDestroyNotify)federation_flow_free);
	flows->counts = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	g_queue_init(&flows->order);
	return flows;
}

void federation_flows_free(struct federation_flows *flows)
{
	if (!flows)
		return;
	g_queue_clear(&flows->order);
	g_hash_table_unref(flows->table);
	g_hash_table_unref(flows->counts);
	g_free(flows);
}

static unsigned count_of(struct federation_flows *flows, const char *address)
{
	return GPOINTER_TO_UINT(g_hash_table_lookup(flows->counts, address));
}

static void set_count(struct federation_flows *flows, const char *address, unsigned n)
{
	if (n)
		g_hash_table_replace(flows->counts, g_strdup(address), GUINT_TO_POINTER(n));
	else
		g_hash_table_remove(flows->counts, address);
}

static struct federation_flow *take(struct federation_flows *flows, const char *digest)
{
	void *key, *value;
	if (!g_hash_table_steal_extended(flows->table, digest, &key, &value))
		return NULL;
	struct federation_flow *flow = value;
	g_queue_remove(&flows->order, key);
	set_count(flows, flow->address, count_of(flows, flow->address) - 1);
	g_free(key);
	return flow;
}

static void drop_oldest(struct federation_flows *flows)
{
	federation_flow_free(take(flows, flows->order.head->data));
}

static void drop_expired(struct federation_flows *flows, int64_t now)
{
	while (flows->order.head) {
		const struct federation_flow *oldest =
		    g_hash_table_lookup(flows->table, flows->order.head->data);
		if (oldest->expires > now)
			return;
		drop_oldest(flows);
	}
}

char *federation_flows_add(
    struct federation_flows *flows, struct federation_flow *flow, int64_t now, GError **error)
{
	drop_expired(flows, now);
	unsigned n = count_of(flows, flow->address);
	if (n >= FEDERATION_FLOWS_AN_ADDRESS) {
		federation_flow_free(flow);
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_RATE_LIMITED,
		    "too many sign-ins have begun at this address; try again in some minutes");
		return NULL;
	}
	if (g_hash_table_size(flows->table) >= FEDERATION_FLOWS_MAX)
		drop_oldest(flows);
	char *secret = pkce_random(), *digest = pkce_challenge(secret);
	flow->expires = now + (flow->user ? FEDERATION_FINISH_S : FEDERATION_FLOW_S);
	set_count(flows, flow->address, n + 1);
	g_queue_push_tail(&flows->order, digest);
	g_hash_table_insert(flows->table, digest, flow);
	return secret;
}

struct federation_flow *federation_flows_take(
    struct federation_flows *flows, const char *secret, int64_t now)
{
	g_autofree char *digest = pkce_challenge(secret);
	AUTO(federation_flow) flow = take(flows, digest);
	return flow && flow->expires > now ? g_steal_pointer(&flow) : NULL;
}
