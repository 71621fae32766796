/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/view.h"

#include "pool/replenish.h"

char *view_time(int64_t microseconds)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(microseconds / G_USEC_PER_SEC);
	g_autofree char *date = time ? g_date_time_format(time, "%Y-%m-%dT%H:%M:%S") : NULL;

	return g_strdup_printf("%s.%03dZ", date ? date : "1970-01-01T00:00:00",
	    (int)(microseconds % G_USEC_PER_SEC / 1000));
}

static void set_text(JsonObject *object, const char *member, const char *text)
{
	if (text)
		json_object_set_string_member(object, member, text);
}

static void set_time(JsonObject *object, const char *member, int64_t time)
{
	g_autofree char *text = view_time(time);

	json_object_set_string_member(object, member, text);
}

static void set_number(JsonObject *object, const char *member, int64_t number)
{
	if (number > 0)
		json_object_set_int_member(object, member, number);
}

const char *view_phone_state(
    const struct phone_record *record, const struct phone_truth *truth, const struct host *host)
{
	if (!host || !host->reachable)
		return "unknown";
	if (truth)
		return phone_state_name(truth->state);
	if (record && record->moving_to)
		return "unknown";
	return record && record->stage == PHONE_CREATING ? "creating" : "lost";
}

const char *view_phone_use(const struct phone_record *r)
{
	if (!r)
		return "foreign";
	if (r->stage != PHONE_PRESENT)
		return phone_stage_name(r->stage);
	if (r->lease)
		return "leased";
	if (!r->pool)
		return "manual";
	return r->owner ? "kept" : "ready";
}

static void set_truth(JsonObject *object, const struct phone_truth *t)
{
	JsonObject *agent = json_object_new(), *screen = json_object_new();

	set_text(object, "name", t->name);
	set_text(object, "mac", t->mac);
	set_text(object, "reason", t->reason);
	if (t->state == PHONE_STATE_RUNNING)
		set_text(object, "health", t->hung ? "hung" : "ok");
	set_number(object, "pid", t->pid);
	set_number(object, "clone_ms", t->clone_ms);
	set_number(object, "touch_points", t->touch_points);
	json_object_set_int_member(screen, "width", t->width);
	json_object_set_int_member(screen, "height", t->height);
	json_object_set_object_member(object, "screen", screen);
	json_object_set_boolean_member(agent, "connected", t->agent_connected);
	json_object_set_boolean_member(agent, "ready", t->agent_ready);
	json_object_set_object_member(object, "agent", agent);
}

JsonObject *view_phone(
    const struct phone_record *r, const struct phone_truth *t, const struct host *host)
{
	JsonObject *object = json_object_new();

	set_text(object, "uuid", r ? r->uuid : t->uuid);
	set_text(object, "host", r ? r->host : host ? host->record->id : NULL);
	set_text(object, "template", r ? r->template : t->template);
	set_text(object, "state", view_phone_state(r, t, host));
	set_text(object, "use", view_phone_use(r));
	if (t)
		set_truth(object, t);
	if (r) {
		set_text(object, "pool", r->pool);
		set_text(object, "owner", r->owner);
		set_text(object, "user", r->user);
		set_text(object, "slot", r->slot);
		set_text(object, "lease", r->lease);
		set_text(object, "moving_to", r->moving_to);
		set_time(object, "created", r->created);
	} else {
		set_text(object, "created", t->created);
	}
	return object;
}

static JsonObject *mtp_view(const struct host_record *r)
{
	JsonObject *mtp = json_object_new();

	json_object_set_string_member(mtp, "address", r->mtp_address);
	json_object_set_int_member(mtp, "port", r->mtp_port);
	json_object_set_int_member(mtp, "websocket_port", r->websocket_port);
	return mtp;
}

JsonObject *view_lease(struct manager *m, const struct lease_record *lease)
{
	AUTO(phone_record) r = phone_record_get(m->db, lease->phone, NULL);
	struct host *host = r ? manager_host(m, r->host, NULL) : NULL;
	JsonObject *object = json_object_new(), *phone;

	json_object_set_string_member(object, "id", lease->id);
	json_object_set_string_member(object, "user", lease->user);
	json_object_set_string_member(object, "pool", lease->pool);
	json_object_set_string_member(object, "slot", lease->slot);
	set_time(object, "since", lease->since);
	if (lease->ended)
		set_time(object, "ended", lease->ended);
	set_text(object, "end_reason", lease->end_reason);
	if (r) {
		phone = view_phone(r, manager_truth(m, r->host, r->uuid), host);
	} else {
		phone = json_object_new();
		json_object_set_string_member(phone, "uuid", lease->phone);
	}
	json_object_set_object_member(object, "phone", phone);
	if (host) {
		JsonObject *where = json_object_new();

		json_object_set_string_member(where, "id", host->record->id);
		json_object_set_object_member(where, "mtp", mtp_view(host->record));
		json_object_set_object_member(object, "host", where);
	}
	return object;
}

JsonObject *view_host(const struct host *host)
{
	JsonObject *object = json_object_new();

	json_object_set_string_member(object, "id", host->record->id);
	json_object_set_string_member(object, "url", host->record->url);
	set_text(object, "mtpd_url", host->record->mtpd_url);
	json_object_set_object_member(object, "mtp", mtp_view(host->record));
	json_object_set_string_member(object, "state",
	    host->reachable ? "reachable"
	    : host->known   ? "unreachable"
	                    : "unknown");
	json_object_set_string_member(object, "duty", host_duty_name(host->record->duty));
	set_text(object, "problem", host->problem);
	set_text(object, "clone_problem", host->clone_problem);
	json_object_set_int_member(object, "phones", g_hash_table_size(host->phones));
	json_object_set_int_member(object, "cloning", host->cloning);
	if (host->info)
		json_object_set_member(object, "info", json_node_copy(host->info));
	return object;
}

JsonObject *view_pool(struct manager *m, const struct pool_record *pool, GError **error)
{
	struct phone_filter filter = {.pool = pool->name};
	g_autoptr(GPtrArray) records = phone_record_list(m->db, &filter, error);
	struct pool_counts counts;
	JsonObject *object;

	if (!records)
		return NULL;
	counts = replenish_count(m, records);
	object = json_object_new();
	json_object_set_string_member(object, "name", pool->name);
	json_object_set_string_member(object, "template", pool->template);
	json_object_set_int_member(object, "ready", pool->ready);
	json_object_set_int_member(object, "max", pool->max);
	json_object_set_boolean_member(object, "volatile", pool->volatile_phones);
	json_object_set_boolean_member(object, "volumes", pool->volumes);
	set_text(object, "network", pool->network);
	json_object_set_string_member(object, "rule", pool->rule);
	json_object_set_int_member(object, "ready_now", counts.ready);
	json_object_set_int_member(object, "creating", counts.creating);
	json_object_set_int_member(object, "leased", counts.leased);
	json_object_set_int_member(object, "kept", counts.kept);
	json_object_set_int_member(object, "phones", counts.total);
	return object;
}

JsonObject *view_order(const struct order_record *order)
{
	JsonObject *object = json_object_new();

	json_object_set_int_member(object, "id", order->id);
	json_object_set_string_member(object, "phone", order->phone);
	json_object_set_string_member(object, "host", order->host);
	json_object_set_string_member(object, "what", order->what);
	json_object_set_string_member(object, "why", order->why);
	json_object_set_string_member(object, "who", order->who);
	set_time(object, "at", order->at);
	if (order->done)
		set_time(object, "done", order->done);
	return object;
}
