/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/allocator.h"

#include "common/error.h"
#include "pool/fitting.h"
#include "pool/lease_claim.h"
#include "pool/record_key.h"
#include "pool/record_phone.h"
#include "pool/worker.h"

#define MAX_WAITERS 64 /* an allocation */

static void begin_later(struct allocation *a);
/* --- acting on the decision --- */

static void act(struct allocation *a, const struct allocate_answer *decision)
{
	struct manager *m = a->manager;
	bool clone = decision->kind == ALLOCATE_CLONE;
	g_autoptr(GPtrArray) keys = allocation_keys(a);
	struct lease_claim claim = {a->user, a->pool, a->slot, a->digest, keys};
	char uuid[UUID_SIZE], id[UUID_SIZE];
	g_autoptr(GError) error = NULL;

	g_strlcpy(uuid, clone ? "" : decision->subject, sizeof uuid);
	if (!(clone ? lease_claim_clone(
	                  m, &claim, a->picture.pool, decision->subject, uuid, id, &error)
	            : lease_claim_take(m, &claim, uuid, id, &error))) {
		/* Somebody was faster than the rule. */
		if (error->code == QVMI_ERROR_CONFLICT && ++a->tries < ALLOCATION_TRIES)
			begin_later(a);
		else
			allocation_fail(a, error);
		return;
	}
	a->fresh = true;
	a->lease = g_strdup(id);
	a->phone = g_strdup(uuid);
	worker_soon(m); /* the reserve has one less */
	if (!clone) {
		fitting_begin(a);
		return;
	}
	fitting_create(a, decision->subject, a->picture.pool->template);
}

/* --- deciding --- */

/* One after the other: each sees what the one before it has left. */
static void decide_next(struct manager *m)
{
	struct allocation *a = m->deciding ? NULL : g_queue_pop_head(&m->undecided);

	if (a)
		begin_later(a);
}

static void refuse(struct allocation *a, const char *why)
{
	g_autoptr(GError) error = NULL;

	if (a->cause)
		error = g_error_copy(a->cause);
	else if (a->picture.hosts->len == 0 && a->picture.question.total < a->picture.pool->max)
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "%s; see GET /v1/hosts for what each host says about template '%s'", why,
		    a->picture.pool->template);
	else
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
		    "%s: %d of at most %d in pool '%s'; end a lease or raise the pool's max", why,
		    a->picture.question.total, a->picture.pool->max, a->pool);
	allocation_fail(a, error);
}

static void decided(JsonObject *result, const GError *error, void *data)
{
	struct allocation *a = data;
	struct manager *m = a->manager;
	struct allocate_answer decision = {0};
	g_autoptr(GError) senseless = NULL;

	m->deciding = false;
	if (m->closing) {
		allocation_fail(a, error);
		return;
	}
	if (result && !allocate_answer_parse(result, &a->picture.question, &decision, &senseless))
		rules_complain(m->rules, a->picture.pool->rule, senseless->message);
	if (!decision.subject)
		allocate_builtin(&a->picture.question, &decision);
	if (decision.kind == ALLOCATE_REFUSE)
		refuse(a, decision.subject);
	else
		act(a, &decision);
	allocate_answer_clear(&decision);
	decide_next(m);
}

static void decide(struct allocation *a)
{
	struct manager *m = a->manager;
	g_autoptr(GError) error = NULL;

	if (m->deciding) {
		g_queue_push_tail(&m->undecided, a);
	} else if (!picture_take(&a->picture, m, a->user, a->pool, a->slot, &error)) {
		allocation_fail(a, error);
	} else {
		m->deciding = true;
		rules_call(m->rules, a->picture.pool->rule, "allocate",
		    allocate_question_json(&a->picture.question), decided, a);
	}
}

static gboolean begin(gpointer data)
{
	struct allocation *a = data;
	struct manager *m = a->manager;
	g_autoptr(GError) error = NULL;
	AUTO(lease_record) live = NULL;

	a->source = 0;
	a->waiting = !manager_knows_hosts(m);
	if (a->waiting)
		return G_SOURCE_REMOVE;
	g_clear_pointer(&a->lease, g_free);
	g_clear_pointer(&a->phone, g_free);
	live = lease_record_find(m->db, a->user, a->pool, a->slot, &error);
	if (live) {
		a->lease = g_strdup(live->id);
		a->phone = g_strdup(live->phone);
		fitting_begin(a);
	} else if (error) {
		allocation_fail(a, error);
	} else {
		decide(a);
	}
	decide_next(m);
	return G_SOURCE_REMOVE;
}

static void begin_later(struct allocation *a)
{
	a->source = g_idle_add_full(G_PRIORITY_DEFAULT, begin, a, NULL);
}

void allocator_resume(struct manager *m)
{
	GHashTableIter iter;
	gpointer value;

	if (!manager_knows_hosts(m))
		return;
	g_hash_table_iter_init(&iter, m->allocations);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct allocation *a = value;

		if (a->waiting && !a->source)
			begin_later(a);
	}
}

/* --- the request --- */

/* What its key has led to before. true: answered, or refused. */
static bool answer_by_key(
    struct manager *m, const struct lease_request *q, const char *digest, lease_fn done, void *data)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *id = NULL;
	AUTO(lease_record) lease = NULL;

	if (!q->key)
		return false;
	if (request_key_check(q->key, &error))
		id = request_key_find(m->db, q->key, digest, &error);
	if (id)
		lease = lease_record_get(m->db, id, &error);
	if (!error && (!lease || !lease->ended))
		return false; /* new, or live: the usual way */
	done(lease, false, error, data);
	return true;
}

void allocator_lease(struct manager *m, const struct lease_request *q, lease_fn done, void *data)
{
	/* Names hold no line feeds, see name.h. */
	g_autofree char *id = g_strdup_printf("lease\n%s\n%s\n%s", q->user, q->pool, q->slot);
	g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, id, -1);
	struct allocation *a = g_hash_table_lookup(m->allocations, id);
	g_autoptr(GError) error = NULL;

	if (answer_by_key(m, q, digest, done, data))
		return;
	if ((a && allocation_waiters(a) >= MAX_WAITERS) ||
	    (!a && g_hash_table_size(m->allocations) >= ALLOCATOR_MAX)) {
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_RATE_LIMITED,
		    "too many requests for phones wait; try again in a moment");
		done(NULL, false, error, data);
		return;
	}
	if (!a) {
		a = allocation_new(m, q, id, g_steal_pointer(&digest));
		a->again = begin_later;
		begin_later(a);
	}
	allocation_wait(a, q->key, done, data);
}
