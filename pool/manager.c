/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/manager.h"

#include "common/error.h"
#include "pool/allocator.h"
#include "pool/move.h"
#include "pool/record_order.h"
#include "pool/record_phone.h"
#include "pool/replenish.h"
#include "pool/work.h"
#include "pool/worker.h"

static bool open_host(struct manager *m, struct host_record *record, GError **error)
{
	struct host *host = host_new(record, m->connect, m->connect_data, error);

	if (host)
		g_hash_table_replace(m->hosts, host->record->id, host);
	return host != NULL;
}

static bool open_hosts(struct manager *m, GError **error)
{
	g_autoptr(GPtrArray) list = host_record_list(m->db, error);

	if (!list)
		return false;
	while (list->len > 0) {
		if (!open_host(m, g_ptr_array_steal_index(list, list->len - 1), error))
			return false;
	}
	return true;
}

struct manager *manager_new(const struct manager_options *options, GError **error)
{
	AUTO(manager) m = g_new0(struct manager, 1);

	m->db = options->db;
	m->rules = options->rules;
	m->world = options->world;
	m->connect = options->connect;
	meters_init(&m->meters);
	m->connect_data = options->connect_data;
	m->interval_ms = options->interval_ms;
	m->started = world_now(&m->world);
	m->hosts = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, (GDestroyNotify)host_close);
	m->work = work_table_new();
	m->allocations = allocator_table_new();
	g_queue_init(&m->undecided);
	m->reserves = replenish_table_new();
	m->moves =
	    g_hash_table_new_full(g_str_hash, g_str_equal, g_free, (GDestroyNotify)move_free);
	m->lost = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	if (!open_hosts(m, error))
		return NULL;
	worker_start(m);
	return g_steal_pointer(&m);
}

void manager_free(struct manager *m)
{
	if (!m)
		return;
	m->closing = true;
	if (m->timer)
		g_source_remove(m->timer);
	/* Calls end first: their callbacks find the tables still there. */
	g_hash_table_remove_all(m->hosts);
	rules_free(m->rules);
	m->rules = NULL;
	g_queue_clear(&m->undecided);
	g_hash_table_unref(m->allocations);
	g_hash_table_unref(m->work);
	g_hash_table_unref(m->reserves);
	g_hash_table_unref(m->hosts);
	g_hash_table_unref(m->moves);
	g_hash_table_unref(m->lost);
	database_free(m->db);
	g_free(m);
}

bool manager_add_host(struct manager *m, struct host_record *record, GError **error)
{
	struct host *before = g_hash_table_lookup(m->hosts, record->id), *host;

	if (before && host_record_same_place(before->record, record)) {
		host_record_free(record);
		return true;
	}
	if (before)
		record->duty = before->record->duty;
	/* Connects before it records: a URL that can never work is refused. */
	host = host_new(record, m->connect, m->connect_data, error);
	if (!host)
		return false;
	if (!host_record_save(m->db, record, error)) {
		host_close(host);
		return false;
	}
	g_hash_table_replace(m->hosts, record->id, host);
	worker_soon(m);
	return true;
}

bool manager_set_duty(struct manager *m, const char *id, enum host_duty duty, GError **error)
{
	struct host *host = manager_host(m, id, error);

	if (!host || !host_record_set_duty(m->db, id, duty, error))
		return false;
	if (host->record->duty != duty)
		g_message("host %s: %s, was %s", id, host_duty_name(duty),
		    host_duty_name(host->record->duty));
	host->record->duty = duty;
	worker_soon(m);
	return true;
}

struct host *manager_host(struct manager *m, const char *id, GError **error)
{
	struct host *host = g_hash_table_lookup(m->hosts, id);

	if (!host)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
		    "there is no host '%s'; see GET /v1/hosts", id);
	return host;
}

bool manager_knows_hosts(struct manager *m)
{
	GHashTableIter iter;
	gpointer host;

	g_hash_table_iter_init(&iter, m->hosts);
	while (g_hash_table_iter_next(&iter, NULL, &host))
		if (!((struct host *)host)->known)
			return false;
	return true;
}

unsigned manager_reachable_hosts(struct manager *m)
{
	GHashTableIter iter;
	gpointer host;
	unsigned n = 0;

	g_hash_table_iter_init(&iter, m->hosts);
	while (g_hash_table_iter_next(&iter, NULL, &host))
		n += ((struct host *)host)->reachable;
	return n;
}

const struct phone_truth *manager_truth(struct manager *m, const char *host, const char *uuid)
{
	struct host *h = g_hash_table_lookup(m->hosts, host);

	return h ? g_hash_table_lookup(h->phones, uuid) : NULL;
}

struct host *manager_find_phone(struct manager *m, const char *uuid)
{
	GHashTableIter iter;
	gpointer host;

	g_hash_table_iter_init(&iter, m->hosts);
	while (g_hash_table_iter_next(&iter, NULL, &host))
		if (g_hash_table_contains(((struct host *)host)->phones, uuid))
			return host;
	return NULL;
}

GArray *manager_choices(struct manager *m, const char *template, const char *only)
{
	GArray *choices = g_array_new(FALSE, FALSE, sizeof(struct choice_host));
	int64_t now = world_monotonic(&m->world);
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, m->hosts);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		struct host *h = value;
		struct choice_host choice = {
		    .id = h->record->id,
		    .phones = (int)(g_hash_table_size(h->phones) + h->cloning),
		    .memory_free_mib = host_memory_free_mib(h),
		    .room = (int)(HOST_CLONES_AT_ONCE - MIN(h->cloning, HOST_CLONES_AT_ONCE)),
		};

		if ((only && g_strcmp0(only, choice.id) != 0) || !host_can_clone(h, template, now))
			continue;
		g_array_append_val(choices, choice);
	}
	return choices;
}

bool manager_order(struct manager *m, const char *uuid, const char *host, const char *why,
    const char *who, GError **error)
{
	struct order_record order = {.phone = uuid,
	    .host = host,
	    .what = "destroy",
	    .why = why,
	    .who = who,
	    .at = world_now(&m->world)};

	return order_record_insert(m->db, &order, error) &&
	       phone_record_set_stage(m->db, uuid, PHONE_DESTROYING, error);
}

bool manager_order_spare(struct manager *m, const char *uuid, const char *host, const char *why)
{
	g_autoptr(GError) error = NULL;

	if (database_begin(m->db, &error) && manager_order(m, uuid, host, why, "poold", &error) &&
	    database_commit(m->db, &error))
		return true;
	database_rollback(m->db);
	g_warning("phone %s: cannot record its destruction: %s", uuid, error->message);
	return false;
}
