/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/work_record.h"

#include "pool/record_key.h"
#include "pool/record_lease.h"
#include "pool/record_order.h"
#include "pool/record_phone.h"
#include "pool/record_volume.h"

bool work_record_created(struct manager *m, const char *uuid, GError **error)
{
	AUTO(phone_record) r = phone_record_get(m->db, uuid, error);

	/* Its lease may have ended, or its destruction been ordered. */
	return r && (r->stage != PHONE_CREATING ||
	                phone_record_set_stage(m->db, uuid, PHONE_PRESENT, error));
}

static bool take_back_lease(struct manager *m, const char *lease, GError **error)
{
	return lease_record_delete(m->db, lease, error) && request_key_release(m->db, lease, error);
}

bool work_record_undone(struct manager *m, const char *uuid, const GError *cause, GError **error)
{
	AUTO(phone_record) r = phone_record_get(m->db, uuid, NULL);
	g_autofree char *why = g_strdup_printf("it could not be created: %.200s", cause->message);

	if (!r || r->stage != PHONE_CREATING)
		return true;
	if (!database_begin(m->db, error))
		return false;
	if ((!r->lease || take_back_lease(m, r->lease, error)) &&
	    request_key_release(m->db, uuid, error) &&
	    manager_order(m, uuid, r->host, why, "poold", error) && database_commit(m->db, error))
		return true;
	database_rollback(m->db);
	return false;
}

bool work_record_destroyed(struct manager *m, const char *uuid, const char *host, GError **error)
{
	struct host *h = manager_host(m, host, NULL);

	if (!database_begin(m->db, error))
		return false;
	if (!phone_record_delete(m->db, uuid, error) ||
	    !volume_record_forget_phone(m->db, uuid, error) ||
	    !order_record_done(m->db, uuid, world_now(&m->world), error) ||
	    !database_commit(m->db, error)) {
		database_rollback(m->db);
		return false;
	}
	if (h)
		g_hash_table_remove(h->phones, uuid);
	g_hash_table_remove(m->lost, uuid);
	return true;
}
