/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/volume_claim.h"

#include "common/error.h"
#include "pool/record_order.h"
#include "pool/record_phone.h"
#include "pool/record_pool.h"

static bool insert(struct manager *m, const struct volume_record *wanted, GError **error)
{
	char id[UUID_SIZE];
	struct volume_record volume = *wanted;

	world_uuid(&m->world, id);
	volume.id = id;
	volume.created = world_now(&m->world);
	return volume_record_insert(m->db, &volume, error);
}

/* One that was taken from its user by force may still run with it. */
static bool check_free(
    struct manager *m, const struct volume_record *volume, const char *phone, GError **error)
{
	AUTO(phone_record) other = NULL;

	if (!volume->phone || g_str_equal(volume->phone, phone))
		return true;
	other = phone_record_get(m->db, volume->phone, NULL);
	if (!other)
		return true;
	if (other->stage == PHONE_DESTROYING) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "phone %s, which has the volume of %s, is being destroyed; try again",
		    volume->phone, volume->user);
		return false;
	}
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
	    "phone %s has the volume of %s still; destroy that phone, or detach the volume",
	    volume->phone, volume->user);
	return false;
}

static bool give(struct manager *m, const struct volume_record *wanted, const char *phone,
    struct volume_record **out, GError **error)
{
	AUTO(volume_record) volume = NULL;
	g_autoptr(GError) e = NULL;

	volume = volume_record_find(m->db, wanted->user, wanted->pool, wanted->slot, &e);
	if (!volume && !e && insert(m, wanted, &e))
		volume = volume_record_find(m->db, wanted->user, wanted->pool, wanted->slot, &e);
	if (volume && !g_str_equal(volume->host, wanted->host))
		g_set_error(&e, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "phone %s is on host '%s' and the volume of %s on '%s'", phone, wanted->host,
		    wanted->user, volume->host);
	if (volume && !e && check_free(m, volume, phone, &e) &&
	    volume_record_forget_phone(m->db, phone, &e) &&
	    volume_record_give(m->db, volume->id, phone, &e)) {
		*out = g_steal_pointer(&volume);
		return true;
	}
	g_propagate_error(error, g_steal_pointer(&e));
	return false;
}

bool volume_claim(struct manager *m, const char *user, const char *pool, const char *slot,
    const char *phone, struct volume_record **volume, GError **error)
{
	AUTO(pool_record) p = pool_record_get(m->db, pool, error);
	AUTO(phone_record) r = p ? phone_record_get(m->db, phone, error) : NULL;
	struct volume_record wanted = {
	    .user = (char *)user, .pool = (char *)pool, .slot = (char *)slot};

	*volume = NULL;
	if (!r || !p->volumes)
		return r != NULL;
	wanted.host = r->host;
	if (!database_begin(m->db, error))
		return false;
	if (give(m, &wanted, phone, volume, error) && database_commit(m->db, error))
		return true;
	database_rollback(m->db);
	g_clear_pointer(volume, volume_record_free);
	return false;
}

bool volume_order_end(struct manager *m, const struct volume_record *volume, const char *why,
    const char *who, GError **error)
{
	bool open = false;
	struct order_record order = {.phone = volume->id,
	    .host = volume->host,
	    .what = "destroy volume",
	    .why = why,
	    .who = who,
	    .at = world_now(&m->world)};

	return order_record_open(m->db, volume->id, &open, error) &&
	       (open || order_record_insert(m->db, &order, error));
}

bool volume_ended(struct manager *m, const char *id, GError **error)
{
	if (!database_begin(m->db, error))
		return false;
	if (volume_record_delete(m->db, id, error) &&
	    order_record_done(m->db, id, world_now(&m->world), error) &&
	    database_commit(m->db, error))
		return true;
	database_rollback(m->db);
	return false;
}
