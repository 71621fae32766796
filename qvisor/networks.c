/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/networks.h"

#include <string.h>

#include "common/error.h"
#include "qvisor/network_reach.h"

#define OWN "" /* the key of the host's own policy */

struct networks {
	char *folder;
	const struct config *config;
	enum networks_own own;
	GHashTable *names; /* network_reach.h */
	GHashTable *open;  /* reach, or OWN -> struct network * */
};

/* A reach is part of a file's name. */
static char *name_of(const char *reach)
{
	return g_strdelimit(g_strdup(reach), ",", '+');
}

static struct network_policy *policy_of(
    const struct networks *networks, const char *reach, GError **error)
{
	if (!*reach)
		return network_policy_new(
		    networks->own == NETWORKS_OWN_INTERNET, networks->config, error);
	g_auto(GStrv) words = g_strsplit(reach, ",", 0);
	AUTO(network_policy)
	policy = network_policy_new(
	    network_reach_has(reach, NETWORK_REACH_INTERNET), networks->config, error);
	if (!policy)
		return NULL;
	/* Only what it names: what the host allows to all without one is not part of it. */
	g_ptr_array_set_size(policy->allow, 0);
	for (char **word = words; *word; word++) {
		const GPtrArray *addresses = g_hash_table_lookup(networks->names, *word);
		for (unsigned i = 0; addresses && i < addresses->len; i++)
			g_ptr_array_add(policy->allow, g_strdup(addresses->pdata[i]));
	}
	return g_steal_pointer(&policy);
}

static struct network *open_one(struct networks *networks, const char *reach, GError **error)
{
	g_autofree char *name = name_of(reach);
	if (g_hash_table_size(networks->open) >= NETWORKS_MAX) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
		    "phones of this host have %d network policies already; give pools the same one",
		    NETWORKS_MAX);
		return NULL;
	}
	struct network_policy *policy = policy_of(networks, reach, error);
	struct network *network =
	    policy ? network_open(networks->folder, name, policy, error) : NULL;
	if (network)
		g_hash_table_insert(networks->open, g_strdup(reach), network);
	return network;
}

static void networks_free(struct networks *networks)
{
	g_clear_pointer(&networks->names, g_hash_table_unref);
	g_hash_table_unref(networks->open);
	g_free(networks->folder);
	g_free(networks);
}

struct networks *networks_open(
    const char *folder, enum networks_own own, const struct config *config, GError **error)
{
	struct networks *networks = g_new0(struct networks, 1);
	networks->folder = g_strdup(folder);
	networks->config = config;
	networks->own = own;
	networks->open = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	networks->names = network_reach_names(config, error);
	if (networks->names && (own == NETWORKS_OWN_NONE || open_one(networks, OWN, error)))
		return networks;
	networks_free(networks);
	return NULL;
}

char *networks_normalize(const struct networks *networks, const char *reach, GError **error)
{
	return network_reach_normalize(reach, networks->names, error);
}

struct network *networks_get(struct networks *networks, const char *reach, GError **error)
{
	const char *key = reach ? reach : OWN;
	struct network *network = g_hash_table_lookup(networks->open, key);
	if (network || !g_strcmp0(reach, NETWORK_REACH_NONE) ||
	    (!reach && networks->own == NETWORKS_OWN_NONE))
		return network;
	/* It was checked when the phone got it; the configuration may have changed since. */
	g_autofree char *known = reach ? networks_normalize(networks, reach, error) : NULL;
	return reach && !known ? NULL : open_one(networks, key, error);
}

JsonArray *networks_json(const struct networks *networks)
{
	g_autoptr(GPtrArray) names = network_reach_list(networks->names);
	JsonArray *list = json_array_new();
	for (unsigned i = 0; i < names->len; i++)
		json_array_add_string_element(list, names->pdata[i]);
	return list;
}

void networks_settle(struct networks *networks, networks_used_fn used, void *data)
{
	g_autoptr(GPtrArray) names = network_list(networks->folder);
	for (unsigned i = 0; i < names->len; i++) {
		g_autofree char *reach = g_strdelimit(g_strdup(names->pdata[i]), "+", ',');
		g_autoptr(GError) error = NULL;
		if (g_hash_table_contains(networks->open, reach))
			continue;
		if (!used(data, *reach ? reach : NULL))
			network_remove(networks->folder, names->pdata[i]);
		else if (!networks_get(networks, *reach ? reach : NULL, &error) && error)
			g_warning(
			    "phones have no network \"%s\" any more: %s", reach, error->message);
	}
}

void networks_close(struct networks *networks, networks_used_fn used, void *data)
{
	GHashTableIter iterator;
	void *reach, *network;
	if (!networks)
		return;
	g_hash_table_iter_init(&iterator, networks->open);
	while (g_hash_table_iter_next(&iterator, &reach, &network))
		network_close(network, used(data, *(const char *)reach ? reach : NULL));
	networks_free(networks);
}
