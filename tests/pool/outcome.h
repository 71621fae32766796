/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Asking for a lease on a stage and keeping what came of it. Included once a test program. */
#pragma once

#include "pool/allocator.h"
#include "pool/lifecycle.h"
#include "tests/pool/stage.h"

struct outcome {
	bool done, fresh, ended;
	char *lease, *phone;
	GError *error;
};

static inline void outcome_clear(struct outcome *o)
{
	g_free(o->lease);
	g_free(o->phone);
	g_clear_error(&o->error);
	*o = (struct outcome){0};
}

static void leased(const struct lease_record *lease, bool fresh, const GError *error, void *data)
{
	struct outcome *o = data;

	g_assert_false(o->done); /* once */
	o->done = true;
	o->fresh = fresh;
	o->ended = lease && lease->ended;
	o->lease = lease ? g_strdup(lease->id) : NULL;
	o->phone = lease ? g_strdup(lease->phone) : NULL;
	o->error = error ? g_error_copy(error) : NULL;
	g_assert_true(!lease == !!error);
}

static void ask(struct stage *s, const char *user, const char *key, struct outcome *o)
{
	struct lease_request q = {user, "p", "default", key};

	outcome_clear(o);
	allocator_lease(s->m, &q, leased, o);
}

static void lease(struct stage *s, const char *user, const char *key, struct outcome *o)
{
	ask(s, user, key, o);
	run_until(o->done);
}

static inline void settle(struct stage *s)
{
	run_until(
	    ask_number(s, "SELECT count(*) FROM orders WHERE done IS NULL") == 0 &&
	    ask_number(
	        s, "SELECT count(*) FROM phones WHERE stage IN ('creating', 'destroying')") == 0);
}

static inline void worked(const GError *error, void *data)
{
	g_assert_no_error(error);
	*(bool *)data = true;
}
