/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a phone may reach, as a text: "none", or "internet" and names of networks, with commas:
 * "internet,office". The names are this host's (network.named in its configuration), since the same
 * office has other addresses elsewhere. docs/decisions/165.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "common/config.h"

#define NETWORK_REACH_MAX 128
#define NETWORK_REACH_NONE "none"
#define NETWORK_REACH_INTERNET "internet"

/* From network.named, "NAME: ADDRESS...; NAME: ...": name -> GPtrArray of addresses (char *).
 * Caller unrefs. */
GHashTable *network_reach_names(const struct config *config, GError **error);

/* What a policy can name here: "internet" and those, sorted; elements are borrowed, caller unrefs.
 */
GPtrArray *network_reach_list(GHashTable *names);

/* The same text for the same networks: sorted, each once. Caller frees. QVMI_ERROR_INVALID when it
 * is none, or names what `names` has not. */
char *network_reach_normalize(const char *text, GHashTable *names, GError **error);
/* Of a text that network_reach_normalize() has made. */
bool network_reach_has(const char *reach, const char *name);
