/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The networks of this host: one (network.h) for each policy that a phone here has, made when it is
 * first wanted. Those that the daemon before us has left are adopted, or end when no phone uses
 * them. Main thread.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "common/cleanup.h"
#include "common/config.h"
#include "qvisor/network.h"

#define NETWORKS_MAX 32 /* policies at once */

struct networks;

enum networks_own { NETWORKS_OWN_NONE, NETWORKS_OWN_INTERNET, NETWORKS_OWN_LISTED };

/* `own`: what phones without a policy of their own may reach; that network is made at once.
 * `config` outlives the object. */
struct networks *networks_open(
    const char *folder, enum networks_own own, const struct config *config, GError **error);

/* `reach` as the same text for the same networks; caller frees. QVMI_ERROR_INVALID when this host
 * does not know one of them. */
char *networks_normalize(const struct networks *networks, const char *reach, GError **error);
/* NULL without error: nothing is to be reached. Blocks for some 100 ms when it has to be made.
 * `reach` NULL: the host's own. */
struct network *networks_get(struct networks *networks, const char *reach, GError **error);

/* Whether phones use the network of `reach` (NULL: the host's own). */
typedef bool (*networks_used_fn)(void *data, const char *reach);
/* The names that a policy can have here, sorted; caller's. */
JsonArray *networks_json(const struct networks *networks);
/* What the daemon before us has left: adopted when it is used, else ended. */
void networks_settle(struct networks *networks, networks_used_fn used, void *data);
/* Those that are used go on without us. */
void networks_close(struct networks *networks, networks_used_fn used, void *data);
