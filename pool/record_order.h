/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Orders: what is to be destroyed, why, by whom, when. Written before anything is destroyed (I6),
 * marked when it is done, never deleted.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/database.h"

struct order_record {
	int64_t id;
	const char *phone, *host;
	const char *what; /* "destroy" on the host, or "forget" in the records only */
	const char *why, *who;
	int64_t at, done; /* microseconds since the epoch; done 0: open */
};

/* id and done are ignored. */
bool order_record_insert(struct database *db, const struct order_record *order, GError **error);
/* All open orders about the phone are done. */
bool order_record_done(struct database *db, const char *phone, int64_t now, GError **error);
/* Is an order about the phone open? */
bool order_record_open(struct database *db, const char *phone, bool *open, GError **error);
/* Those that are open; -1 with error. */
int order_record_count_open(struct database *db, GError **error);

/* Newest first, below `before` (0: the newest), at most `limit`; `phone` NULL: of all. The order is
 * borrowed during the call. */
typedef void (*order_record_fn)(const struct order_record *order, void *data);
bool order_record_each(struct database *db, const char *phone, int64_t before, int limit,
    order_record_fn each, void *data, GError **error);
