/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/lease_claim.h"

#include "common/error.h"
#include "pool/record_key.h"
#include "pool/record_lease.h"
#include "pool/record_phone.h"

/* A key that leads elsewhere spoils its own request only, when that is answered. */
static bool record_keys(
    struct manager *m, const struct lease_claim *claim, const char *id, GError **error)
{
	for (unsigned i = 0; i < claim->keys->len; i++) {
		g_autoptr(GError) e = NULL;

		if (!request_key_insert(m->db, claim->keys->pdata[i], claim->digest, id,
		        world_now(&m->world), &e) &&
		    e->code != QVMI_ERROR_CONFLICT) {
			g_propagate_error(error, g_steal_pointer(&e));
			return false;
		}
	}
	return true;
}

static bool record_lease(struct manager *m, const struct lease_claim *claim, const char *phone,
    char id[UUID_SIZE], GError **error)
{
	struct lease_record lease = {.id = id,
	    .user = (char *)claim->user,
	    .pool = (char *)claim->pool,
	    .slot = (char *)claim->slot,
	    .phone = (char *)phone,
	    .since = world_now(&m->world)};

	world_uuid(&m->world, id);
	return lease_record_insert(m->db, &lease, error) && record_keys(m, claim, id, error);
}

static bool take(struct manager *m, const struct lease_claim *claim, const char *phone,
    char id[UUID_SIZE], GError **error)
{
	AUTO(phone_record) r = phone_record_get(m->db, phone, NULL);

	if (!r || r->lease || r->stage == PHONE_DESTROYING ||
	    (r->owner && g_strcmp0(r->owner, claim->user) != 0)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the phone was given away or has gone; try again");
		return false;
	}
	return record_lease(m, claim, phone, id, error) &&
	       phone_record_set_owner(m->db, phone, claim->user, error) &&
	       (r->stage != PHONE_RELEASING ||
	           phone_record_set_stage(m->db, phone, PHONE_PRESENT, error));
}

static bool add(struct manager *m, const struct lease_claim *claim, const struct pool_record *pool,
    const char *host, char uuid[UUID_SIZE], char id[UUID_SIZE], GError **error)
{
	int count = phone_record_count(m->db, claim->pool, error);
	struct phone_record phone = {.uuid = uuid,
	    .host = (char *)host,
	    .pool = (char *)claim->pool,
	    .template = pool->template,
	    .stage = PHONE_CREATING,
	    .owner = (char *)claim->user,
	    .created = world_now(&m->world)};

	if (count < 0)
		return false;
	if (count >= pool->max || !manager_host(m, host, NULL)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the pool has filled up or the host has gone; try again");
		return false;
	}
	world_uuid(&m->world, uuid);
	return phone_record_insert(m->db, &phone, error) && record_lease(m, claim, uuid, id, error);
}

static bool settle(struct manager *m, bool good, GError **error)
{
	if (good && database_commit(m->db, error))
		return true;
	database_rollback(m->db);
	return false;
}

bool lease_claim_take(struct manager *m, const struct lease_claim *claim, const char *phone,
    char id[UUID_SIZE], GError **error)
{
	return database_begin(m->db, error) && settle(m, take(m, claim, phone, id, error), error);
}

bool lease_claim_clone(struct manager *m, const struct lease_claim *claim,
    const struct pool_record *pool, const char *host, char uuid[UUID_SIZE], char id[UUID_SIZE],
    GError **error)
{
	return database_begin(m->db, error) &&
	       settle(m, add(m, claim, pool, host, uuid, id, error), error);
}
