/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/allocation.h"

#include "common/error.h"
#include "pool/record_key.h"

struct waiter {
	char *key;
	lease_fn done;
	void *data;
};

static void waiter_free(struct waiter *w)
{
	g_free(w->key);
	g_free(w);
}

static void allocation_free(struct allocation *a)
{
	if (a->source)
		g_source_remove(a->source);
	picture_clear(&a->picture);
	g_ptr_array_unref(a->waiters);
	g_free(a->id);
	g_free(a->user);
	g_free(a->pool);
	g_free(a->slot);
	g_free(a->digest);
	g_clear_error(&a->cause);
	g_free(a->lease);
	g_free(a->phone);
	g_free(a);
}

GHashTable *allocator_table_new(void)
{
	return g_hash_table_new_full(
	    g_str_hash, g_str_equal, NULL, (GDestroyNotify)allocation_free);
}

struct allocation *allocation_new(
    struct manager *m, const struct lease_request *q, const char *id, char *digest)
{
	struct allocation *a = g_new0(struct allocation, 1);

	a->manager = m;
	a->asked = world_monotonic(&m->world);
	a->id = g_strdup(id);
	a->user = g_strdup(q->user);
	a->pool = g_strdup(q->pool);
	a->slot = g_strdup(q->slot);
	a->digest = digest;
	a->waiters = g_ptr_array_new_with_free_func((GDestroyNotify)waiter_free);
	g_hash_table_insert(m->allocations, a->id, a);
	return a;
}

void allocation_wait(struct allocation *a, const char *key, lease_fn done, void *data)
{
	struct waiter *w = g_new(struct waiter, 1);

	*w = (struct waiter){g_strdup(key), done, data};
	g_ptr_array_add(a->waiters, w);
}

unsigned allocation_waiters(const struct allocation *a)
{
	return a->waiters->len;
}

GPtrArray *allocation_keys(const struct allocation *a)
{
	GPtrArray *keys = g_ptr_array_new();

	for (unsigned i = 0; i < a->waiters->len; i++) {
		struct waiter *w = a->waiters->pdata[i];

		if (w->key)
			g_ptr_array_add(keys, w->key);
	}
	return keys;
}

/* --- its end --- */

static void answer(struct allocation *a, const struct lease_record *lease, const GError *error)
{
	struct manager *m = a->manager;
	int64_t took = world_monotonic(&m->world) - a->asked;

	metric_add(m->meters.leases,
	    error      ? qvmi_error_word(error)
	    : a->fresh ? "fresh"
	               : "kept",
	    1);
	metric_observe(m->meters.lease_seconds, (double)took / G_USEC_PER_SEC);
	g_hash_table_steal(m->allocations, a->id);
	for (unsigned i = 0; i < a->waiters->len; i++) {
		struct waiter *w = a->waiters->pdata[i];
		g_autoptr(GError) e = NULL;
		g_autofree char *subject = NULL;

		/* Recorded before it is acknowledged; those of the first waiters are already. */
		if (lease && w->key) {
			subject = request_key_find(m->db, w->key, a->digest, &e);
			if (!subject && !e)
				request_key_insert(
				    m->db, w->key, a->digest, lease->id, world_now(&m->world), &e);
		}
		w->done(e ? NULL : lease, a->fresh && i == 0, error ? error : e, w->data);
	}
	allocation_free(a);
}

void allocation_fail(struct allocation *a, const GError *error)
{
	answer(a, NULL, error);
}

void allocation_succeed(struct allocation *a)
{
	g_autoptr(GError) error = NULL;
	AUTO(lease_record) lease = lease_record_get(a->manager->db, a->lease, &error);

	if (lease && lease->ended)
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the lease has been ended in the meantime (%s); sign in again",
		    lease->end_reason ? lease->end_reason : "no reason recorded");
	answer(a, error ? NULL : lease, error);
}
