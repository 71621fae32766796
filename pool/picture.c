/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/picture.h"

#include "pool/record_phone.h"
#include "pool/record_volume.h"

void picture_clear(struct picture *p)
{
	g_clear_pointer(&p->pool, pool_record_free);
	g_clear_pointer(&p->volume_host, g_free);
	g_clear_pointer(&p->records, g_ptr_array_unref);
	g_clear_pointer(&p->phones, g_array_unref);
	g_clear_pointer(&p->hosts, g_array_unref);
	g_clear_pointer(&p->host_ids, g_ptr_array_unref);
}

/* May this user get this phone? One that another has held never, whatever a rule says. */
static bool offered(
    struct manager *m, const struct phone_record *r, const char *user, struct choice_phone *out)
{
	const struct phone_truth *truth = manager_truth(m, r->host, r->uuid);
	struct host *host = manager_host(m, r->host, NULL);

	if (r->lease || r->stage == PHONE_DESTROYING || !host ||
	    (r->owner && g_strcmp0(r->owner, user) != 0) ||
	    !(r->owner ? host_serves(host) : host_is_active(host)))
		return false;
	*out = (struct choice_phone){
	    .uuid = r->uuid, .host = r->host, .own = r->owner != NULL, .created = r->created};
	if (r->stage == PHONE_CREATING) {
		out->state = "creating";
		return true;
	}
	if (!truth)
		return false;
	out->agent_ready = truth->agent_ready;
	out->state = truth->state == PHONE_STATE_RUNNING ? "running" : "off";
	return out->own || truth->state == PHONE_STATE_RUNNING;
}

static void take_hosts(struct picture *p, struct manager *m)
{
	p->hosts = manager_choices(m, p->pool->template, p->volume_host);
	p->host_ids = g_ptr_array_new_with_free_func(g_free);
	for (unsigned i = 0; i < p->hosts->len; i++) {
		struct choice_host *host = &g_array_index(p->hosts, struct choice_host, i);
		char *id = g_strdup(host->id);

		g_ptr_array_add(p->host_ids, id);
		host->id = id;
	}
}

/* A volume moves with its phone only: what a user gets is on its host. */
static bool find_volume(
    struct picture *p, struct manager *m, const char *user, const char *slot, GError **error)
{
	g_autoptr(GError) e = NULL;
	AUTO(volume_record)
	volume = p->pool->volumes ? volume_record_find(m->db, user, p->pool->name, slot, &e) : NULL;

	p->volume_host = volume ? g_strdup(volume->host) : NULL;
	if (!e)
		return true;
	g_propagate_error(error, g_steal_pointer(&e));
	return false;
}

bool picture_take(struct picture *p, struct manager *m, const char *user, const char *pool,
    const char *slot, GError **error)
{
	struct phone_filter filter = {.pool = pool};

	picture_clear(p);
	p->pool = pool_record_get(m->db, pool, error);
	p->records = p->pool && find_volume(p, m, user, slot, error)
	                 ? phone_record_list(m->db, &filter, error)
	                 : NULL;
	if (!p->records)
		return false;
	p->phones = g_array_new(FALSE, FALSE, sizeof(struct choice_phone));
	for (unsigned i = 0; i < p->records->len; i++) {
		struct choice_phone choice;

		if (offered(m, p->records->pdata[i], user, &choice) &&
		    (!p->volume_host || g_str_equal(choice.host, p->volume_host)))
			g_array_append_val(p->phones, choice);
	}
	take_hosts(p, m);
	p->question = (struct allocate_question){.user = user,
	    .slot = slot,
	    .pool = p->pool,
	    .total = (int)p->records->len,
	    .phones = (struct choice_phone *)p->phones->data,
	    .n_phones = p->phones->len,
	    .hosts = (struct choice_host *)p->hosts->data,
	    .n_hosts = p->hosts->len};
	return true;
}
