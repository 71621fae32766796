/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/performance_guest.h"

#include "common/json.h"
#include "qvisor/phone.h"

#define LOAD_MAX 1e6
#define BYTES_MAX (INT64_C(1) << 53) /* what a number in JSON holds exactly */
#define INTERVAL_US (PERFORMANCE_GUEST_S * G_USEC_PER_SEC)

static bool get(JsonObject *answer, const char *member, uint64_t *out)
{
	int64_t value;
	if (!json_get_int(answer, member, 0, BYTES_MAX, &value, NULL))
		return false;
	*out = (uint64_t)value;
	return true;
}

static bool get_load(JsonObject *answer, double *out)
{
	JsonNode *node = json_object_get_member(answer, "load1");
	GType type = node && JSON_NODE_HOLDS_VALUE(node) ? json_node_get_value_type(node) : 0;
	if (type != G_TYPE_DOUBLE && type != G_TYPE_INT64)
		return false;
	*out = json_node_get_double(node);
	return *out >= 0 && *out <= LOAD_MAX;
}

bool performance_guest_parse(JsonObject *answer, struct performance_guest_figures *figures)
{
	struct performance_guest_figures f;
	if (!get_load(answer, &f.load1) || !get(answer, "uptime_s", &f.uptime_s) ||
	    !get(answer, "memory_kib", &f.memory_kib) ||
	    !get(answer, "memory_available_kib", &f.memory_available_kib) ||
	    f.memory_available_kib > f.memory_kib || !get(answer, "disk_bytes", &f.disk_bytes) ||
	    !get(answer, "disk_used_bytes", &f.disk_used_bytes) ||
	    f.disk_used_bytes > f.disk_bytes || !get(answer, "received_bytes", &f.received_bytes) ||
	    !get(answer, "sent_bytes", &f.sent_bytes))
		return false;
	*figures = f;
	return true;
}

void performance_guest_told(struct performance_guest *guest,
    const struct performance_guest_figures *figures, int64_t now_us)
{
	if (!guest->told_us) {
		guest->received_first = figures->received_bytes;
		guest->sent_first = figures->sent_bytes;
		guest->last = *figures;
	}
	/* It has booted. */
	if (figures->received_bytes < guest->received_first ||
	    figures->sent_bytes < guest->sent_first)
		guest->received_first = guest->sent_first = 0;
	guest->before = guest->last;
	guest->last = *figures;
	guest->told_us = now_us;
}

/* From the first on, on the way from one answer to the next; all of it where it has gone back. */
static uint64_t count(uint64_t first, uint64_t before, uint64_t now, double share)
{
	return (now <= before ? now : before + (uint64_t)((double)(now - before) * share)) - first;
}

void performance_guest_count(
    const struct performance_guest *guest, struct performance_counters *counters)
{
	const struct performance_guest_figures *last = &guest->last;
	if (!guest->told_us)
		return;
	double share = (double)(counters->time_us - guest->told_us) / INTERVAL_US;
	share = CLAMP(share, 0, 1);
	counters->received =
	    count(guest->received_first, guest->before.received_bytes, last->received_bytes, share);
	counters->sent =
	    count(guest->sent_first, guest->before.sent_bytes, last->sent_bytes, share);
	counters->guest_load1 = last->load1;
	counters->guest_memory_kib = last->memory_kib - last->memory_available_kib;
}

static void on_answer(void *data, JsonObject *result, const GError *error)
{
	const struct phone *phone = data;
	struct performance_guest_figures figures;
	if (!phone->meter)
		return;
	phone->meter->guest.asking = false;
	if (!error && performance_guest_parse(result, &figures))
		performance_guest_told(&phone->meter->guest, &figures, g_get_monotonic_time());
}

void performance_guest_ask(struct phone *phone)
{
	struct performance_guest *guest = &phone->meter->guest;
	int64_t now = g_get_monotonic_time();
	/* One that has just begun has better to do. */
	if (guest->asking || (guest->asked_us && now - guest->asked_us < INTERVAL_US) ||
	    !phone->identity_set || !phone->agent || !agent_connected(phone->agent))
		return;
	guest->asking = true;
	guest->asked_us = now;
	agent_call(phone->agent, "usage.get", NULL, AGENT_DEADLINE_MS, on_answer, phone);
}
