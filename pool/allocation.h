/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A phone that is being got for somebody, and who waits for it: what allocator.c decides about and
 * fitting.c makes ready. It ends by allocation_succeed() or allocation_fail(), which answer and
 * free.
 */
#pragma once

#include "pool/allocator.h"
#include "pool/picture.h"

#define ALLOCATION_TRIES 3

struct allocation {
	struct manager *manager;
	char *id; /* user, pool and slot in one */
	char *user, *pool, *slot;
	char *digest;       /* of the request, for its keys */
	GPtrArray *waiters; /* of struct waiter */
	guint source;
	bool waiting; /* for hosts to be known */
	bool fresh;
	unsigned tries, volume_tries;
	int64_t asked;                       /* monotonic */
	char *lease, *phone;                 /* once recorded */
	GError *cause;                       /* why the clone before failed */
	struct picture picture;              /* what the rule was shown */
	void (*again)(struct allocation *a); /* decides anew */
};

/* In the manager's table. Takes `digest`. */
struct allocation *allocation_new(
    struct manager *m, const struct lease_request *request, const char *id, char *digest);
void allocation_wait(struct allocation *a, const char *key, lease_fn done, void *data);
unsigned allocation_waiters(const struct allocation *a);
/* The keys of those who wait now; elements are borrowed. Caller unrefs. */
GPtrArray *allocation_keys(const struct allocation *a);

/* With the lease as it is recorded; an error when that has been ended meanwhile. */
void allocation_succeed(struct allocation *a);
void allocation_fail(struct allocation *a, const GError *error);
