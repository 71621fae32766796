/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Keeps each pool's reserve: asks the rule `replenish` and carries out what is allowed of its
 * answer. Asked when the picture has changed, and every 10 s. Never a storm: at most
 * HOST_CLONES_AT_ONCE clones a host at once, a back-off a host and template after a failed clone or
 * a crashed one, never above ready or max.
 */
#pragma once

#include "pool/manager.h"

void replenish_all(struct manager *m);
GHashTable *replenish_table_new(void);

/* Counts of a pool, for the rule and for people. */
struct pool_counts {
	int total, ready, creating, leased, kept;
};
/* `records`: struct phone_record of the pool. */
struct pool_counts replenish_count(struct manager *m, GPtrArray *records);
