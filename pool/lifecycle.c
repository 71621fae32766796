/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/lifecycle.h"

#include "common/error.h"
#include "pool/record_key.h"
#include "pool/record_lease.h"
#include "pool/record_phone.h"
#include "pool/worker.h"

/* --- leases --- */

/* Does the phone of an ended lease go? A pool that is gone keeps nothing alive, but nothing is
 * deleted on a guess either: its phones stay. */
static bool goes_with_lease(struct manager *m, const struct lease_record *lease)
{
	AUTO(pool_record) pool = pool_record_get(m->db, lease->pool, NULL);

	return pool && pool->volatile_phones;
}

static bool record_end(struct manager *m, const struct lease_record *lease,
    const struct phone_record *phone, bool destroy, const char *why, const char *who,
    GError **error)
{
	g_autofree char *reason = g_strdup_printf("lease ended: %.200s", why);

	if (!lease_record_end(m->db, lease->id, why, world_now(&m->world), error))
		return false;
	if (!phone || phone->stage == PHONE_DESTROYING)
		return true;
	if (destroy)
		return manager_order(m, phone->uuid, phone->host, reason, who, error);
	return phone_record_set_stage(m->db, phone->uuid, PHONE_RELEASING, error);
}

bool lifecycle_end_lease(struct manager *m, const char *id, const char *why, const char *who,
    work_fn done, void *data, GError **error)
{
	AUTO(lease_record) lease = lease_record_get(m->db, id, error);
	AUTO(phone_record) phone = NULL;
	struct work_task task;
	bool destroy;

	if (!lease)
		return false;
	if (lease->ended) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_CONFLICT, "lease %s has ended already", id);
		return false;
	}
	phone = phone_record_get(m->db, lease->phone, NULL);
	destroy = goes_with_lease(m, lease);
	if (!database_begin(m->db, error))
		return false;
	if (!record_end(m, lease, phone, destroy, why, who, error) ||
	    !database_commit(m->db, error)) {
		database_rollback(m->db);
		return false;
	}
	if (phone) {
		task = (struct work_task){.kind = destroy ? WORK_DESTROY : WORK_STOP,
		    .uuid = phone->uuid,
		    .host = phone->host};
		work_add(m, &task, done, data);
	} else if (done) {
		done(NULL, data);
	}
	return true;
}

/* --- phones by hand --- */

static const char *choose_host(
    struct manager *m, const char *template, const char *only, GArray *choices, GError **error)
{
	struct pool_record any = {.template = (char *)template, .max = G_MAXINT};
	struct allocate_question question = {
	    .pool = &any, .hosts = (struct choice_host *)choices->data, .n_hosts = choices->len};
	struct allocate_answer answer = {0};
	const char *id = NULL;

	if (only && !manager_host(m, only, error))
		return NULL;
	allocate_builtin(&question, &answer);
	for (unsigned i = 0; answer.kind == ALLOCATE_CLONE && i < choices->len; i++)
		if (g_str_equal(question.hosts[i].id, answer.subject))
			id = question.hosts[i].id;
	allocate_answer_clear(&answer);
	if (!id)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "%s%s can clone template '%s' now; see GET /v1/hosts and /v1/templates",
		    only ? "host " : "no host", only ? only : "", template);
	return id;
}

/* In a transaction. */
static bool record_phone(struct manager *m, const struct phone_order *order,
    const struct pool_record *pool, const struct phone_record *phone, GError **error)
{
	int64_t now = world_now(&m->world);

	if (pool) {
		int count = phone_record_count(m->db, pool->name, error);

		if (count < 0)
			return false;
		if (count >= pool->max) {
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
			    "pool '%s' has %d phones already, its max; raise it or destroy one",
			    pool->name, count);
			return false;
		}
	}
	return phone_record_insert(m->db, phone, error) &&
	       request_key_insert(m->db, order->key, order->digest, phone->uuid, now, error);
}

bool lifecycle_create_phone(struct manager *m, const struct phone_order *order,
    char uuid[UUID_SIZE], work_fn done, void *data, GError **error)
{
	AUTO(pool_record) pool = NULL;
	g_autoptr(GArray) choices = NULL;
	struct phone_record phone = {.uuid = uuid, .stage = PHONE_CREATING};
	const char *host;

	if (order->pool && !(pool = pool_record_get(m->db, order->pool, error)))
		return false;
	phone.template = pool ? pool->template : (char *)order->template;
	choices = manager_choices(m, phone.template, order->host);
	host = choose_host(m, phone.template, order->host, choices, error);
	if (!host)
		return false;
	world_uuid(&m->world, uuid);
	phone.host = (char *)host;
	phone.pool = pool ? pool->name : NULL;
	phone.name = (char *)order->name;
	phone.owner = (char *)order->who;
	phone.created = world_now(&m->world);
	if (!database_begin(m->db, error))
		return false;
	if (!record_phone(m, order, pool, &phone, error) || !database_commit(m->db, error)) {
		database_rollback(m->db);
		return false;
	}
	work_add(m,
	    &(struct work_task){.kind = WORK_CREATE,
	        .uuid = uuid,
	        .host = host,
	        .template = phone.template,
	        .name = phone.name},
	    done, data);
	return true;
}

static bool record_destruction(struct manager *m, const char *uuid, const char *host,
    const char *lease, const char *who, GError **error)
{
	const char *why = "ordered by an administrator";

	if (!database_begin(m->db, error))
		return false;
	if ((!lease || lease_record_end(m->db, lease, why, world_now(&m->world), error)) &&
	    manager_order(m, uuid, host, why, who, error) && database_commit(m->db, error))
		return true;
	database_rollback(m->db);
	return false;
}

/* The host of a phone that is recorded, or that only a host knows. Borrowed from `r` or the host.
 */
static const char *host_of_phone(
    struct manager *m, const struct phone_record *r, const char *uuid, GError **error)
{
	struct host *host = r ? NULL : manager_find_phone(m, uuid);

	if (r)
		return r->host;
	if (host)
		return host->record->id;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
	    "there is no phone %s; see GET /v1/phones", uuid);
	return NULL;
}

bool lifecycle_destroy_phone(struct manager *m, const char *uuid, bool force, const char *who,
    work_fn done, void *data, GError **error)
{
	AUTO(phone_record) r = phone_record_get(m->db, uuid, NULL);
	const char *host = host_of_phone(m, r, uuid, error);

	if (!host)
		return false;
	if (r && r->lease && !force) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "phone %s is leased by %s; end the lease first, or add ?force=true", uuid,
		    r->user);
		return false;
	}
	if ((!r || r->stage != PHONE_DESTROYING) &&
	    !record_destruction(m, uuid, host, r ? r->lease : NULL, who, error))
		return false;
	work_add(
	    m, &(struct work_task){.kind = WORK_DESTROY, .uuid = uuid, .host = host}, done, data);
	return true;
}

bool lifecycle_start_phone(
    struct manager *m, const char *uuid, bool discard, work_fn done, void *data, GError **error)
{
	AUTO(phone_record) r = phone_record_get(m->db, uuid, NULL);
	const char *host = host_of_phone(m, r, uuid, error);

	if (!host)
		return false;
	if (r && r->stage != PHONE_PRESENT) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT, "phone %s is %s; try again",
		    uuid, phone_stage_name(r->stage));
		return false;
	}
	work_add(m,
	    &(struct work_task){.kind = WORK_START, .uuid = uuid, .host = host, .discard = discard},
	    done, data);
	return true;
}

bool lifecycle_stop_phone(struct manager *m, const char *uuid, bool off_by_force, int timeout_s,
    work_fn done, void *data, GError **error)
{
	AUTO(phone_record) r = phone_record_get(m->db, uuid, NULL);
	const char *host = host_of_phone(m, r, uuid, error);

	if (!host)
		return false;
	if (r && r->pool && !r->owner && !r->lease) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "phone %s stands by in pool '%s' and would be replaced; lower the pool's "
		    "\"ready\" or destroy it",
		    uuid, r->pool);
		return false;
	}
	work_add(m,
	    &(struct work_task){.kind = WORK_STOP,
	        .uuid = uuid,
	        .host = host,
	        .force = off_by_force,
	        .timeout_s = timeout_s},
	    done, data);
	return true;
}

/* --- pools --- */

static bool release_pool(struct manager *m, const char *name, const char *who, GError **error)
{
	struct phone_filter filter = {.pool = name};
	g_autoptr(GPtrArray) list = phone_record_list(m->db, &filter, error);

	for (unsigned i = 0; list && i < list->len; i++) {
		const struct phone_record *r = list->pdata[i];

		if (r->stage == PHONE_DESTROYING)
			continue;
		if (r->lease || r->owner) {
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
			    "phone %s of pool '%s' is %s; destroy the pool's phones first", r->uuid,
			    name, r->lease ? "leased" : "kept for its user");
			return false;
		}
		if (!manager_order(m, r->uuid, r->host, "its pool was deleted", who, error))
			return false;
	}
	return list &&
	       database_exec(
	           m->db, error, "UPDATE phones SET pool = NULL WHERE pool = ?", "s", name) &&
	       pool_record_delete(m->db, name, error);
}

bool lifecycle_delete_pool(struct manager *m, const char *name, const char *who, GError **error)
{
	AUTO(pool_record) pool = pool_record_get(m->db, name, error);

	if (!pool || !database_begin(m->db, error))
		return false;
	if (!release_pool(m, name, who, error) || !database_commit(m->db, error)) {
		database_rollback(m->db);
		return false;
	}
	g_hash_table_remove(m->reserves, name);
	worker_soon(m);
	return true;
}
