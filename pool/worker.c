/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/worker.h"

#include "common/error.h"
#include "pool/allocator.h"
#include "pool/move.h"
#include "pool/reconcile.h"
#include "pool/record_key.h"
#include "pool/record_lease.h"
#include "pool/record_phone.h"
#include "pool/replenish.h"
#include "pool/work.h"

#define TIDY_US (60 * G_USEC_PER_SEC)
#define KEYS_KEPT_US (24 * 3600 * (int64_t)G_USEC_PER_SEC)
#define LEASES_KEPT_US (31 * 24 * 3600 * (int64_t)G_USEC_PER_SEC)

static void add_work(struct manager *m, const struct phone_record *r, enum work_kind kind)
{
	struct work_task task = {.kind = kind,
	    .uuid = r->uuid,
	    .host = r->host,
	    .template = r->template,
	    .name = r->name};

	if (!work_resting(m, r->uuid, world_monotonic(&m->world)))
		work_add(m, &task, NULL, NULL);
}

static void set_stage(struct manager *m, const struct phone_record *r, enum phone_stage stage)
{
	g_autoptr(GError) error = NULL;

	if (!phone_record_set_stage(m->db, r->uuid, stage, &error))
		g_warning("phone %s: %s", r->uuid, error->message);
}

static void destroy(struct manager *m, const struct phone_record *r, const char *why)
{
	if (manager_order_spare(m, r->uuid, r->host, why))
		add_work(m, r, WORK_DESTROY);
}

/* A spare clone that has gone wrong. Its like may do the same: the host rests for a moment. */
static void replace(
    struct manager *m, const struct phone_record *r, const struct phone_truth *truth)
{
	struct host *host = manager_host(m, r->host, NULL);
	g_autofree char *why =
	    truth ? g_strdup_printf("a ready clone is %s: %s", phone_state_name(truth->state),
	                truth->reason ? truth->reason : "no reason given")
	          : g_strdup("a ready clone has gone from its host");

	g_message("phone %s on host %s: %s; replacing it", r->uuid, r->host, why);
	if (host)
		host_clone_failed(host, r->template, why, world_monotonic(&m->world));
	destroy(m, r, why);
}

static void report_lost(struct manager *m, const struct phone_record *r)
{
	if (g_hash_table_add(m->lost, g_strdup(r->uuid)))
		g_warning("phone %s of %s is recorded on host %s, which does not have it; the "
		          "record is kept",
		    r->uuid, r->owner ? r->owner : "nobody", r->host);
}

static void reconcile(struct manager *m, const struct host *host, const struct phone_record *r)
{
	const struct phone_truth *truth = g_hash_table_lookup(host->phones, r->uuid);

	if (truth)
		g_hash_table_remove(m->lost, r->uuid);
	if (r->moving_to) {
		move_settle(m, r);
		return;
	}
	switch (reconcile_phone(r, truth, host->record->duty)) {
	case RECONCILE_NOTHING:
		break;
	case RECONCILE_ADOPT:
	case RECONCILE_RELEASED:
		set_stage(m, r, PHONE_PRESENT);
		break;
	case RECONCILE_CREATE:
		add_work(m, r, WORK_CREATE);
		break;
	case RECONCILE_STOP:
		add_work(m, r, WORK_STOP);
		break;
	case RECONCILE_REPLACE:
		replace(m, r, truth);
		break;
	case RECONCILE_CLEAR:
		destroy(m, r, "a ready clone on a host that takes none any more");
		break;
	case RECONCILE_SUSPEND:
		add_work(m, r, WORK_SUSPEND);
		break;
	case RECONCILE_CONNECT:
		add_work(m, r, WORK_CONNECT);
		break;
	case RECONCILE_DESTROY:
		add_work(m, r, WORK_DESTROY);
		break;
	case RECONCILE_LOST:
		report_lost(m, r);
		break;
	}
}

/* Puts the fresh list in the place of the old one, except where we have done something since it was
 * asked for: there the old entry is the newer truth. */
static void merge(struct manager *m, struct host *host, GHashTable *fresh, int64_t asked)
{
	GHashTableIter iter;
	gpointer uuid, truth;

	g_hash_table_iter_init(&iter, host->phones);
	while (g_hash_table_iter_next(&iter, &uuid, NULL))
		if (work_settled(m, uuid, asked) && !g_hash_table_contains(fresh, uuid))
			g_hash_table_iter_remove(&iter);
	g_hash_table_iter_init(&iter, fresh);
	while (g_hash_table_iter_next(&iter, &uuid, &truth)) {
		if (!work_settled(m, uuid, asked))
			continue;
		g_hash_table_iter_steal(&iter);
		g_hash_table_replace(host->phones, uuid, truth);
	}
}

static void reconcile_host(struct manager *m, struct host *host, int64_t asked)
{
	struct phone_filter here = {.host = host->record->id},
	                    coming = {.moving_to = host->record->id};
	g_autoptr(GError) error = NULL;
	g_autoptr(GPtrArray) list = phone_record_list(m->db, &here, &error);
	g_autoptr(GPtrArray) movers = list ? phone_record_list(m->db, &coming, &error) : NULL;

	if (error)
		g_warning("cannot read the phones: %s", error->message);
	for (unsigned i = 0; movers && i < movers->len; i++) {
		const struct phone_record *r = movers->pdata[i];

		if (work_settled(m, r->uuid, asked))
			move_settle(m, r);
	}
	for (unsigned i = 0; list && i < list->len; i++) {
		const struct phone_record *r = list->pdata[i];

		if (work_settled(m, r->uuid, asked))
			reconcile(m, host, r);
	}
}

static void polled(struct host *host, GHashTable *phones, int64_t asked, void *data)
{
	struct manager *m = data;

	if (m->closing)
		return;
	metric_set(m->meters.reachable, NULL, manager_reachable_hosts(m));
	if (phones) {
		merge(m, host, phones, asked);
		reconcile_host(m, host, asked);
	}
	allocator_resume(m);
	if (phones && manager_knows_hosts(m))
		replenish_all(m);
}

static void tidy(struct manager *m, int64_t now)
{
	int64_t wall = world_now(&m->world);
	g_autoptr(GError) error = NULL;

	if (m->tidied && now - m->tidied < TIDY_US)
		return;
	m->tidied = now;
	work_tidy(m, now);
	if (!request_key_forget_before(m->db, wall - KEYS_KEPT_US, &error) ||
	    !lease_record_forget_before(m->db, wall - LEASES_KEPT_US, &error))
		g_warning("cannot tidy the records: %s", error->message);
}

void worker_turn(struct manager *m)
{
	int64_t now = world_monotonic(&m->world);
	GHashTableIter iter;
	gpointer host;

	g_hash_table_iter_init(&iter, m->hosts);
	while (g_hash_table_iter_next(&iter, NULL, &host))
		host_poll(host, now, polled, m);
	tidy(m, now);
}

static gboolean turn(gpointer data)
{
	worker_turn(data);
	return G_SOURCE_CONTINUE;
}

static gboolean first_turn(gpointer data)
{
	struct manager *m = data;

	worker_turn(m);
	m->timer = g_timeout_add(m->interval_ms, turn, m);
	return G_SOURCE_REMOVE;
}

void worker_start(struct manager *m)
{
	worker_soon(m);
}

void worker_soon(struct manager *m)
{
	if (m->interval_ms == 0 || m->closing)
		return;
	if (m->timer)
		g_source_remove(m->timer);
	m->timer = g_idle_add_full(G_PRIORITY_DEFAULT, first_turn, m, NULL);
}
