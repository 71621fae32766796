/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/performance_private.h"

#include "common/metrics.h"
#include "qvisor/host.h"
#include "qvisor/phone_table.h"

static struct performance_meter *meter_new(pid_t pid)
{
	struct performance_meter *meter = g_new0(struct performance_meter, 1);
	meter->pid = pid;
	if (!performance_process_open(&meter->process, pid)) {
		g_free(meter);
		return NULL;
	}
	meter->ring = performance_ring_new();
	return meter;
}

void performance_meter_free(struct performance_meter *meter)
{
	if (!meter)
		return;
	performance_process_close(&meter->process);
	performance_ring_free(meter->ring);
	g_free(meter);
}

static void look_at(struct phone *phone, uint32_t time_s)
{
	pid_t pid = phone->process && phone->state == PHONE_RUNNING ? phone->process->pid : 0;
	if (phone->meter && phone->meter->pid != pid)
		g_clear_pointer(&phone->meter, performance_meter_free);
	if (!phone->meter && pid)
		phone->meter = meter_new(pid);
	struct performance_meter *meter = phone->meter;
	if (!meter || !performance_process_read(&meter->process, &meter->now))
		return;
	performance_guest_count(&meter->guest, &meter->now);
	performance_ring_add(meter->ring, &meter->now, time_s);
	performance_guest_ask(phone);
}

static gboolean on_tick(void *data)
{
	struct performance *performance = data;
	g_autoptr(GPtrArray) phones = phone_table_list(performance->host->phones);
	uint32_t time_s = (uint32_t)(g_get_real_time() / G_USEC_PER_SEC);
	performance_host_read(&performance->now);
	performance_ring_add(performance->ring, &performance->now, time_s);
	for (unsigned i = 0; i < phones->len; i++)
		look_at(g_ptr_array_index(phones, i), time_s);
	return G_SOURCE_CONTINUE;
}

struct performance *performance_new(struct host *host)
{
	struct performance *performance = g_new0(struct performance, 1);
	performance->host = host;
	performance->ring = performance_ring_new();
	on_tick(performance);
	/* Together with whatever else wakes this second. */
	performance->tick = g_timeout_add_seconds(1, on_tick, performance);
	metrics_set_collector(performance_collect, performance);
	return performance;
}

void performance_free(struct performance *performance)
{
	if (!performance)
		return;
	metrics_set_collector(NULL, NULL);
	g_clear_handle_id(&performance->tick, g_source_remove);
	performance_ring_free(performance->ring);
	g_free(performance);
}

const struct performance_ring *performance_host_ring(const struct performance *performance)
{
	return performance->ring;
}
