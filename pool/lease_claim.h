/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The transactions by which a lease comes to be. The rule took its time: what it saw may have
 * changed, so all of it is looked at again inside. QVMI_ERROR_CONFLICT: somebody was faster, decide
 * again.
 */
#pragma once

#include "pool/manager.h"

struct lease_claim {
	const char *user, *pool, *slot;
	const char *digest; /* of the request, for its keys */
	GPtrArray *keys;    /* of char *: Idempotency-Keys that lead to this lease */
};

/* A phone that is there: nobody else's, now or before. `id` gets the lease's. */
bool lease_claim_take(struct manager *m, const struct lease_claim *claim, const char *phone,
    char id[UUID_SIZE], GError **error);
/* A new phone on `host`, to be created: `uuid` gets its name. Never above the pool's max. */
bool lease_claim_clone(struct manager *m, const struct lease_claim *claim,
    const struct pool_record *pool, const char *host, char uuid[UUID_SIZE], char id[UUID_SIZE],
    GError **error);
