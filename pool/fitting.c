/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/fitting.h"

#include "common/error.h"
#include "pool/record_phone.h"
#include "pool/volume_claim.h"
#include "pool/work.h"

#define VOLUME_RETRY_MS 200
#define VOLUME_TRIES 100 /* while the phone that had it is being destroyed */

/* --- its volume --- */

static void equipped(const GError *error, void *data)
{
	struct allocation *a = data;

	if (error)
		allocation_fail(a, error);
	else
		allocation_succeed(a);
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
			allocation_fail(a, error);
		return;
	}
	if (!volume) {
		allocation_succeed(a);
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

/* --- the phone --- */

static void connected(const GError *error, void *data)
{
	struct allocation *a = data;

	if (error)
		allocation_fail(a, error);
	else
		equip(a);
}

/* One from before its pool's policy has changed reaches nobody's hands as it is. */
static void connect_by_policy(struct allocation *a)
{
	g_autoptr(GError) error = NULL;
	AUTO(phone_record) r = phone_record_get(a->manager->db, a->phone, &error);
	const struct phone_truth *truth = r ? manager_truth(a->manager, r->host, r->uuid) : NULL;

	if (error)
		allocation_fail(a, error);
	else if (!truth || g_strcmp0(truth->network, r->network) == 0)
		equip(a);
	else
		work_add(a->manager,
		    &(struct work_task){.kind = WORK_CONNECT, .uuid = r->uuid, .host = r->host},
		    connected, a);
}

static void started(const GError *error, void *data)
{
	struct allocation *a = data;

	if (error)
		allocation_fail(a, error);
	else
		connect_by_policy(a);
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

static void created(const GError *error, void *data)
{
	struct allocation *a = data;

	if (!error) {
		equip(a);
	} else if (error->code == QVMI_ERROR_CANCELLED || ++a->tries >= ALLOCATION_TRIES) {
		allocation_fail(a, error);
	} else {
		/* Undone; that host rests. Another, or one that has become ready, may do. */
		g_message("a clone for %s failed (%s); deciding again", a->user, error->message);
		g_clear_error(&a->cause);
		a->cause = g_error_copy(error);
		a->fresh = false;
		a->again(a);
	}
}

void fitting_begin(struct allocation *a)
{
	struct manager *m = a->manager;
	g_autoptr(GError) error = NULL;
	AUTO(phone_record) r = phone_record_get(m->db, a->phone, &error);
	const struct phone_truth *truth;
	struct work_task task;

	if (!r || !check_reachable(a, r, &error)) {
		allocation_fail(a, error);
		return;
	}
	truth = manager_truth(m, r->host, r->uuid);
	if (r->stage == PHONE_PRESENT && truth->state == PHONE_STATE_RUNNING &&
	    work_settled(m, r->uuid, G_MAXINT64)) {
		connect_by_policy(a);
		return;
	}
	task = (struct work_task){
	    .kind = r->stage == PHONE_CREATING ? WORK_CREATE : WORK_START,
	    .uuid = r->uuid,
	    .host = r->host,
	    .template = r->template,
	    .name = r->name,
	};
	work_add(m, &task, task.kind == WORK_CREATE ? created : started, a);
}

void fitting_create(struct allocation *a, const char *host, const char *template)
{
	const struct work_task task = {
	    .kind = WORK_CREATE, .uuid = a->phone, .host = host, .template = template};

	work_add(a->manager, &task, created, a);
}
