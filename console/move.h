/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Phones between hosts, by poold's API, with progress on standard error. */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>

#include "common/http_client.h"

/* Orders the move (`to` NULL: the pool chooses) and waits for its end; cancelled, it has the pool
 * cancel it. What the pool tells of it; NULL with its problem. Caller unrefs. */
JsonNode *move_phone(struct http_client *pool, const char *uuid, const char *to,
    GCancellable *cancellable, GError **error);
/* All phones of a host, one after the other, but those that stand by. Goes on after a failure;
 * false with the first one. `*moved`: how many. */
bool move_all(struct http_client *pool, const char *host, GCancellable *cancellable,
    unsigned *moved, GError **error);
