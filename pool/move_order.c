/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Orders to move, and to stop moving: move.h. */
#include "common/error.h"
#include "common/json.h"
#include "pool/move.h"

static const char *choose(struct manager *m, const struct phone_record *r, GError **error)
{
	int64_t now = world_monotonic(&m->world);
	const struct host *best = NULL;
	GHashTableIter iter;
	gpointer value;

	g_hash_table_iter_init(&iter, m->hosts);
	while (g_hash_table_iter_next(&iter, NULL, &value)) {
		const struct host *host = value;

		if (!g_str_equal(host->record->id, r->host) &&
		    host_can_clone(host, r->template, now) &&
		    (!best || host_memory_free_mib(host) > host_memory_free_mib(best)))
			best = host;
	}
	if (best)
		return best->record->id;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
	    "no other host that is active has the template '%s'", r->template);
	return NULL;
}

static bool check_target(
    struct manager *m, const struct phone_record *r, const char *to, GError **error)
{
	const struct host *host = manager_host(m, to, error);

	if (!host)
		return false;
	if (g_str_equal(to, r->host))
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "phone %s is on host '%s' already", r->uuid, to);
	else if (!host_is_active(host))
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "host '%s' is %s", to,
		    host->reachable ? host_duty_name(host->record->duty) : "not reachable");
	else
		return true;
	return false;
}

static bool check_phone(const struct phone_record *r, GError **error)
{
	if (r->pool && !r->owner && !r->lease)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "phone %s stands by in pool '%s': another host makes its own", r->uuid,
		    r->pool);
	else if (r->stage != PHONE_PRESENT)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT, "phone %s is %s; try again",
		    r->uuid, phone_stage_name(r->stage));
	else
		return true;
	return false;
}

bool move_order(struct manager *m, const char *uuid, const char *to, GError **error)
{
	AUTO(phone_record) r = phone_record_get(m->db, uuid, error);
	struct move *move;

	if (!r)
		return false;
	if (r->moving_to) {
		if ((!to || g_str_equal(r->moving_to, to)) && move_of(m, uuid))
			return true;
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "phone %s is on its way to host '%s'", uuid, r->moving_to);
		return false;
	}
	if (!check_phone(r, error) || (!to && !(to = choose(m, r, error))) ||
	    !check_target(m, r, to, error) || !phone_record_set_moving(m->db, uuid, to, error))
		return false;
	move = g_new0(struct move, 1);
	*move = (struct move){.from = g_strdup(r->host), .to = g_strdup(to), .state = "running"};
	g_hash_table_replace(m->moves, g_strdup(uuid), move);
	work_add(
	    m, &(struct work_task){.kind = WORK_MOVE, .uuid = uuid, .host = r->host}, NULL, NULL);
	return true;
}

static void cancelled(const struct http_reply *reply, const GError *error, void *data)
{
	(void)reply, (void)data;
	if (error)
		g_message("a move could not be cancelled: %s", error->message);
}

bool move_cancel(struct manager *m, const char *uuid, GError **error)
{
	const struct move *move = move_of(m, uuid);
	struct host *host = move ? manager_host(m, move->from, NULL) : NULL;
	g_autofree char *path = NULL;

	if (!host || !move->operation || !g_str_equal(move->state, "running")) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_CONFLICT, "phone %s is not being moved", uuid);
		return false;
	}
	path = http_path("/v1/operations/%s", move->operation);
	host_call(host, HOST_QVISORD, &(struct http_call){.method = "DELETE", .path = path}, NULL,
	    cancelled, NULL);
	return true;
}
