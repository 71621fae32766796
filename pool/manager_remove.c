/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A host is given up: what is recorded on it goes, each with an order (I6), in one transaction. */
#include "pool/manager.h"
#include "pool/record_lease.h"
#include "pool/record_order.h"
#include "pool/record_phone.h"
#include "pool/record_volume.h"

static bool order_forgotten(
    struct manager *m, const char *what, const char *host, const char *who, GError **error)
{
	struct order_record order = {.phone = what,
	    .host = host,
	    .what = "forget",
	    .why = "its host was given up",
	    .who = who,
	    .at = world_now(&m->world)};

	return order_record_insert(m->db, &order, error) &&
	       order_record_done(m->db, what, order.at, error);
}

static bool forget_phones(struct manager *m, const char *id, const char *who, GError **error)
{
	struct phone_filter filter = {.host = id};
	g_autoptr(GPtrArray) list = phone_record_list(m->db, &filter, error);

	for (unsigned i = 0; list && i < list->len; i++) {
		const struct phone_record *r = list->pdata[i];

		if ((r->lease && !lease_record_end(m->db, r->lease, "its host was given up",
		                     world_now(&m->world), error)) ||
		    !order_forgotten(m, r->uuid, id, who, error) ||
		    !volume_record_forget_phone(m->db, r->uuid, error) ||
		    !phone_record_delete(m->db, r->uuid, error))
			return false;
	}
	return list != NULL;
}

/* Their users get empty ones on other hosts. */
static bool forget_volumes(struct manager *m, const char *id, const char *who, GError **error)
{
	g_autoptr(GPtrArray) list = volume_record_list(m->db, error);

	for (unsigned i = 0; list && i < list->len; i++) {
		const struct volume_record *volume = list->pdata[i];

		if (g_str_equal(volume->host, id) &&
		    (!order_forgotten(m, volume->id, id, who, error) ||
		        !volume_record_delete(m->db, volume->id, error)))
			return false;
	}
	return list != NULL;
}

/* Those on their way there stay where they are, as far as we know. */
static bool forget_moves(struct manager *m, const char *id, GError **error)
{
	struct phone_filter filter = {.moving_to = id};
	g_autoptr(GPtrArray) list = phone_record_list(m->db, &filter, error);

	for (unsigned i = 0; list && i < list->len; i++) {
		const struct phone_record *r = list->pdata[i];

		if (!phone_record_set_moving(m->db, r->uuid, NULL, error))
			return false;
	}
	return list != NULL;
}

bool manager_remove_host(
    struct manager *m, const char *id, bool force, const char *who, GError **error)
{
	if (!manager_host(m, id, error) || !database_begin(m->db, error))
		return false;
	if ((force && !(forget_phones(m, id, who, error) && forget_volumes(m, id, who, error) &&
	                  forget_moves(m, id, error))) ||
	    !host_record_delete(m->db, id, error) || !database_commit(m->db, error)) {
		database_rollback(m->db);
		return false;
	}
	g_hash_table_remove(m->hosts, id);
	return true;
}
