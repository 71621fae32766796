/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gives people phones.
 *
 *   known hosts -> live lease?  --yes--> phone runs? --no--> start ----> answer
 *                     | no
 *                  rule decides -> TAKE:  lease recorded -------------> (start) answer
 *                              -> CLONE: phone and lease recorded -> create -> answer
 *                              -> REFUSE ------------------------------> error
 *
 * Two requests for one slot are one allocation with two answers. Two allocations that decide for
 * the same phone are told apart by the records' unique indices (I2); the loser decides again. A
 * clone that fails is undone (work.h) and decided again, thrice at most.
 */
#pragma once

#include "pool/manager.h"
#include "pool/record_lease.h"

#define ALLOCATOR_MAX 4096 /* allocations under way; more are QVMI_ERROR_RATE_LIMITED */

struct lease_request {
	const char *user, *pool, *slot; /* checked by name.h */
	const char *key;                /* Idempotency-Key; may be NULL */
};

/* `lease` is borrowed; NULL when `error` is set. `fresh`: it was made for this request. A lease
 * that has ended is answered to the key that once made it. */
typedef void (*lease_fn)(
    const struct lease_record *lease, bool fresh, const GError *error, void *data);
/* Answers once; not before it has returned, but for errors in the request itself. */
void allocator_lease(
    struct manager *m, const struct lease_request *request, lease_fn done, void *data);

/* Goes on with what waited for hosts to be known. */
void allocator_resume(struct manager *m);

GHashTable *allocator_table_new(void);
