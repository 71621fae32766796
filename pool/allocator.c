/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/allocator.h"

#include "common/error.h"
#include "pool/lease_claim.h"
#include "pool/picture.h"
#include "pool/record_key.h"
#include "pool/record_phone.h"
#include "pool/volume_claim.h"
#include "pool/work.h"
#include "pool/worker.h"

#define MAX_TRIES 3
#define VOLUME_RETRY_MS 200
#define VOLUME_TRIES 100 /* while the phone that had it is being destroyed */
#define MAX_WAITERS 64   /* an allocation */

struct waiter {
	char *key;
	lease_fn done;
	void *data;
};

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
	int64_t asked;          /* monotonic */
	char *lease, *phone;    /* once recorded */
	GError *cause;          /* why the clone before failed */
	struct picture picture; /* what the rule was shown */
};

static void begin_later(struct allocation *a);
static void recreate(const GError *error, void *data);

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

/* --- the end of an allocation --- */

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

static void fail(struct allocation *a, const GError *error)
{
	answer(a, NULL, error);
}

static void succeed(struct allocation *a)
{
	g_autoptr(GError) error = NULL;
	AUTO(lease_record) lease = lease_record_get(a->manager->db, a->lease, &error);

	if (lease && lease->ended)
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the lease has been ended in the meantime (%s); sign in again",
		    lease->end_reason ? lease->end_reason : "no reason recorded");
	answer(a, error ? NULL : lease, error);
}

/* --- the phone is recorded as theirs: it has to run, with their volume --- */

static void equipped(const GError *error, void *data)
{
	struct allocation *a = data;

	if (error)
		fail(a, error);
	else
		succeed(a);
}

static void equip(struct allocation *a);

static gboolean equip_again(gpointer data)
{
	struct allocation *a = data;

	a->source = 0;
	equip(a);
	return G_SOURCE_REMOVE;
}

static void equip(struct allocation *a)
{
	g_autoptr(GError) error = NULL;
	AUTO(volume_record) volume = NULL;

	if (!volume_claim(a->manager, a->user, a->pool, a->slot, a->phone, &volume, &error)) {
		if (error->code == QVMI_ERROR_UNAVAILABLE && ++a->volume_tries < VOLUME_TRIES)
			a->source = g_timeout_add(VOLUME_RETRY_MS, equip_again, a);
		else
			fail(a, error);
		return;
	}
	if (!volume) {
		succeed(a);
		return;
	}
	work_add(a->manager,
	    &(struct work_task){.kind = WORK_EQUIP,
	        .uuid = a->phone,
	        .host = volume->host,
	        .volume = volume->id,
	        .new_volume = !volume->made},
	    equipped, a);
}

static void started(const GError *error, void *data)
{
	struct allocation *a = data;

	if (error)
		fail(a, error);
	else
		equip(a);
}

/* false: with error */
static bool check_reachable(struct allocation *a, const struct phone_record *r, GError **error)
{
	struct host *host = manager_host(a->manager, r->host, error);

	if (!host)
		return false;
	if (!host->reachable) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "host '%s', which has this phone, does not answer (%s); the phone is kept, try "
		    "again later",
		    r->host, host->problem ? host->problem : "no reason known");
		return false;
	}
	if (!host_serves(host)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "host '%s', which has this phone, is in maintenance; the phone is kept, try "
		    "again later",
		    r->host);
		return false;
	}
	if (r->stage == PHONE_PRESENT && !g_hash_table_contains(host->phones, r->uuid)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "phone %s is not on host '%s' any more; an administrator has to bring it back "
		    "or "
		    "end the lease",
		    r->uuid, r->host);
		return false;
	}
	return true;
}

static void ensure_running(struct allocation *a)
{
	struct manager *m = a->manager;
	g_autoptr(GError) error = NULL;
	AUTO(phone_record) r = phone_record_get(m->db, a->phone, &error);
	const struct phone_truth *truth;
	struct work_task task;

	if (!r || !check_reachable(a, r, &error)) {
		fail(a, error);
		return;
	}
	truth = manager_truth(m, r->host, r->uuid);
	if (r->stage == PHONE_PRESENT && truth->state == PHONE_STATE_RUNNING &&
	    work_settled(m, r->uuid, G_MAXINT64)) {
		equip(a);
		return;
	}
	task = (struct work_task){
	    .kind = r->stage == PHONE_CREATING ? WORK_CREATE : WORK_START,
	    .uuid = r->uuid,
	    .host = r->host,
	    .template = r->template,
	    .name = r->name,
	};
	work_add(m, &task, task.kind == WORK_CREATE ? recreate : started, a);
}

/* --- acting on the decision --- */

static void recreate(const GError *error, void *data)
{
	struct allocation *a = data;

	if (!error) {
		equip(a);
	} else if (error->code == QVMI_ERROR_CANCELLED || ++a->tries >= MAX_TRIES) {
		fail(a, error);
	} else {
		/* Undone; that host rests. Another, or one that has become ready, may do. */
		g_message("a clone for %s failed (%s); deciding again", a->user, error->message);
		g_clear_error(&a->cause);
		a->cause = g_error_copy(error);
		a->fresh = false;
		begin_later(a);
	}
}

/* The keys of those who wait now are recorded with the lease; of those who come later, when they
 * are answered. */
static GPtrArray *keys_of(struct allocation *a)
{
	GPtrArray *keys = g_ptr_array_new();

	for (unsigned i = 0; i < a->waiters->len; i++) {
		struct waiter *w = a->waiters->pdata[i];

		if (w->key)
			g_ptr_array_add(keys, w->key);
	}
	return keys;
}

static void act(struct allocation *a, const struct allocate_answer *decision)
{
	struct manager *m = a->manager;
	bool clone = decision->kind == ALLOCATE_CLONE;
	g_autoptr(GPtrArray) keys = keys_of(a);
	struct lease_claim claim = {a->user, a->pool, a->slot, a->digest, keys};
	char uuid[UUID_SIZE], id[UUID_SIZE];
	g_autoptr(GError) error = NULL;
	struct work_task task;

	g_strlcpy(uuid, clone ? "" : decision->subject, sizeof uuid);
	if (!(clone ? lease_claim_clone(
	                  m, &claim, a->picture.pool, decision->subject, uuid, id, &error)
	            : lease_claim_take(m, &claim, uuid, id, &error))) {
		/* Somebody was faster than the rule. */
		if (error->code == QVMI_ERROR_CONFLICT && ++a->tries < MAX_TRIES)
			begin_later(a);
		else
			fail(a, error);
		return;
	}
	a->fresh = true;
	a->lease = g_strdup(id);
	a->phone = g_strdup(uuid);
	worker_soon(m); /* the reserve has one less */
	if (!clone) {
		ensure_running(a);
		return;
	}
	task = (struct work_task){.kind = WORK_CREATE,
	    .uuid = uuid,
	    .host = decision->subject,
	    .template = a->picture.pool->template};
	work_add(m, &task, recreate, a);
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
	fail(a, error);
}

static void decided(JsonObject *result, const GError *error, void *data)
{
	struct allocation *a = data;
	struct manager *m = a->manager;
	struct allocate_answer decision = {0};
	g_autoptr(GError) senseless = NULL;

	m->deciding = false;
	if (m->closing) {
		fail(a, error);
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
		fail(a, error);
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
		ensure_running(a);
	} else if (error) {
		fail(a, error);
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

static struct allocation *allocation_new(
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
	begin_later(a);
	return a;
}

void allocator_lease(struct manager *m, const struct lease_request *q, lease_fn done, void *data)
{
	/* Names hold no line feeds, see name.h. */
	g_autofree char *id = g_strdup_printf("lease\n%s\n%s\n%s", q->user, q->pool, q->slot);
	g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, id, -1);
	struct allocation *a = g_hash_table_lookup(m->allocations, id);
	g_autoptr(GError) error = NULL;
	struct waiter *w;

	if (answer_by_key(m, q, digest, done, data))
		return;
	if ((a && a->waiters->len >= MAX_WAITERS) ||
	    (!a && g_hash_table_size(m->allocations) >= ALLOCATOR_MAX)) {
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_RATE_LIMITED,
		    "too many requests for phones wait; try again in a moment");
		done(NULL, false, error, data);
		return;
	}
	if (!a)
		a = allocation_new(m, q, id, g_steal_pointer(&digest));
	w = g_new(struct waiter, 1);
	*w = (struct waiter){g_strdup(q->key), done, data};
	g_ptr_array_add(a->waiters, w);
}
