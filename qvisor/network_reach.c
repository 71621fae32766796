/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/network_reach.h"

#include <string.h>

#include "common/error.h"
#include "qvisor/manifest.h"
#include "qvisor/network_policy.h"

static bool parse_name(GHashTable *names, const char *line, GError **error)
{
	const char *colon = strchr(line, ':');
	g_autofree char *name = g_strndup(line, colon ? (gsize)(colon - line) : strlen(line));
	g_strstrip(name);
	if (!colon || !manifest_name_valid(name) || !strcmp(name, NETWORK_REACH_NONE) ||
	    !strcmp(name, NETWORK_REACH_INTERNET) || g_hash_table_contains(names, name)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "network.named: \"%.60s\" is no \"NAME: ADDRESS...\" with a name of its own, 1 "
		    "to 32 of a-z, 0-9 and \"-\"",
		    line);
		return false;
	}
	GPtrArray *addresses = network_addresses_parse("named", colon + 1, error);
	if (addresses)
		g_hash_table_insert(names, g_steal_pointer(&name), addresses);
	return addresses;
}

GHashTable *network_reach_names(const struct config *config, GError **error)
{
	g_autoptr(GHashTable) names = g_hash_table_new_full(
	    g_str_hash, g_str_equal, g_free, (GDestroyNotify)g_ptr_array_unref);
	const char *value = config_string(config, "network", "named");
	g_auto(GStrv) lines = g_strsplit(value ? value : "", ";", 0);
	for (char **line = lines; *line; line++)
		if (*g_strstrip(*line) && !parse_name(names, *line, error))
			return NULL;
	return g_steal_pointer(&names);
}

static int by_text(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

GPtrArray *network_reach_list(GHashTable *names)
{
	GPtrArray *list = g_ptr_array_new();
	GHashTableIter iterator;
	void *name;
	g_hash_table_iter_init(&iterator, names);
	while (g_hash_table_iter_next(&iterator, &name, NULL))
		g_ptr_array_add(list, name);
	g_ptr_array_add(list, (char *)NETWORK_REACH_INTERNET);
	g_ptr_array_sort(list, by_text);
	return list;
}

static void refuse(const char *word, GHashTable *names, GError **error)
{
	g_autoptr(GPtrArray) known = network_reach_list(names);
	g_ptr_array_add(known, NULL);
	g_autofree char *list = g_strjoinv(", ", (char **)known->pdata);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "this host has no network \"%.40s\"; a phone's is none, or of: %s (network.named of "
	    "qvisord.conf names more)",
	    word, list);
}

char *network_reach_normalize(const char *text, GHashTable *names, GError **error)
{
	g_auto(GStrv) words = g_strsplit(text, ",", 0);
	g_autoptr(GPtrArray) kept = g_ptr_array_new();
	if (strlen(text) > NETWORK_REACH_MAX) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "a list of networks has at most %d letters", NETWORK_REACH_MAX);
		return NULL;
	}
	if (!strcmp(text, NETWORK_REACH_NONE))
		return g_strdup(text);
	for (char **word = words; *word; word++) {
		g_strstrip(*word);
		if (strcmp(*word, NETWORK_REACH_INTERNET) != 0 &&
		    !g_hash_table_contains(names, *word)) {
			refuse(*word, names, error);
			return NULL;
		}
		if (!g_ptr_array_find_with_equal_func(kept, *word, g_str_equal, NULL))
			g_ptr_array_add(kept, *word);
	}
	if (!kept->len) {
		refuse("", names, error);
		return NULL;
	}
	g_ptr_array_sort(kept, by_text);
	g_ptr_array_add(kept, NULL);
	return g_strjoinv(",", (char **)kept->pdata);
}

bool network_reach_has(const char *reach, const char *name)
{
	g_auto(GStrv) words = g_strsplit(reach, ",", 0);
	return g_strv_contains((const char *const *)words, name);
}
