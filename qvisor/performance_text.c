/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What was measured, as text: JSON for the API, and Prometheus' exposition format. */
#include "common/json_writer.h"
#include "common/metrics.h"
#include "qvisor/folder.h"
#include "qvisor/host.h"
#include "qvisor/performance_private.h"
#include "qvisor/phone_table.h"

static double megabytes(uint64_t kib)
{
	return (double)kib * 1024 / 1e6;
}

const struct performance_names performance_of_host = {
    "memory_used_mb", "memory_available_mb", .guest = false};
const struct performance_names performance_of_phone = {"private_mb", "shared_mb", .guest = true};

static void write_rates(const struct performance_sample *sample, GString *text)
{
	json_write_number(text, "cpu_percent", sample->cpu_percent, 1);
	json_write_int(text, "disk_read_bytes_s", sample->read_s);
	json_write_int(text, "disk_written_bytes_s", sample->written_s);
	json_write_int(text, "network_received_bytes_s", sample->received_s);
	json_write_int(text, "network_sent_bytes_s", sample->sent_s);
}

void performance_write_rates(const struct performance_ring *ring, GString *text)
{
	static const struct performance_sample none;
	const struct performance_sample *last = ring ? performance_ring_last(ring) : NULL;
	write_rates(last ? last : &none, text);
}

void performance_write_samples(const struct performance_ring *ring, uint32_t since,
    const struct performance_names *names, GString *text)
{
	struct performance_range range = {.step_s = 1};
	if (ring)
		range = performance_ring_since(ring, since);
	json_write_int(text, "step_s", range.step_s);
	json_write_open(text, "samples", '[');
	for (unsigned i = 0; i < range.n; i++) {
		const struct performance_sample *sample = performance_range_get(&range, i);
		json_write_open(text, NULL, '{');
		json_write_int(text, "time_s", sample->time_s);
		json_write_number(text, names->private, megabytes(sample->private_kib), 1);
		json_write_number(text, names->shared, megabytes(sample->shared_kib), 1);
		write_rates(sample, text);
		if (names->guest && sample->guest_memory_kib) {
			json_write_number(text, "guest_load1", sample->guest_load1, 2);
			json_write_number(
			    text, "guest_memory_mb", megabytes(sample->guest_memory_kib), 1);
		}
		json_write_close(text, '}');
	}
	json_write_close(text, ']');
}

/* --- Prometheus --- */

static void collect_host(const struct performance *performance, GString *text)
{
	const struct performance_counters *now = &performance->now;
	const struct {
		const char *name, *help, *kind;
		double value;
	} figures[] = {
	    {"qvmi_host_cpu_seconds_total", "Time that the mean of the processors was busy",
	        "counter", (double)now->cpu_us / 1e6},
	    {"qvmi_host_memory_used_bytes", "Memory that is not available", "gauge",
	        (double)now->private_kib * 1024},
	    {"qvmi_host_memory_available_bytes", "Memory that programs could still have", "gauge",
	        (double)now->shared_kib * 1024},
	    {"qvmi_host_disk_read_bytes_total", "Read from block devices", "counter",
	        (double)now->disk_read},
	    {"qvmi_host_disk_written_bytes_total", "Written to block devices", "counter",
	        (double)now->disk_written},
	    {"qvmi_host_disk_free_bytes", "Free where the phones' disks are", "gauge",
	        (double)folder_free_mib(performance->host->state_folder) * 1048576},
	    {"qvmi_host_network_receive_bytes_total", "Received by all interfaces but loopback",
	        "counter", (double)now->received},
	    {"qvmi_host_network_transmit_bytes_total", "Sent by all interfaces but loopback",
	        "counter", (double)now->sent},
	};
	for (unsigned i = 0; i < G_N_ELEMENTS(figures); i++) {
		metrics_append_family(text, figures[i].name, figures[i].help, figures[i].kind);
		metrics_append_sample(text, figures[i].name, NULL, NULL, figures[i].value);
	}
}

static double phone_cpu(const struct performance_counters *now)
{
	return (double)now->cpu_us / 1e6;
}

static double phone_private(const struct performance_counters *now)
{
	return (double)now->private_kib * 1024;
}

static double phone_shared(const struct performance_counters *now)
{
	return (double)now->shared_kib * 1024;
}

static double phone_read(const struct performance_counters *now)
{
	return (double)now->disk_read;
}

static double phone_written(const struct performance_counters *now)
{
	return (double)now->disk_written;
}

static double phone_received(const struct performance_counters *now)
{
	return (double)now->received;
}

static double phone_sent(const struct performance_counters *now)
{
	return (double)now->sent;
}

static double phone_load(const struct performance_counters *now)
{
	return now->guest_load1;
}

static double phone_guest_memory(const struct performance_counters *now)
{
	return (double)now->guest_memory_kib * 1024;
}

static void collect_phones(const struct performance *performance, GString *text)
{
	static const struct {
		const char *name, *help, *kind;
		double (*value)(const struct performance_counters *now);
	} figures[] = {
	    {"qvmi_phone_cpu_seconds_total", "Processor time of the phone's QEMU", "counter",
	        phone_cpu},
	    {"qvmi_phone_memory_private_bytes", "Memory that this phone alone has", "gauge",
	        phone_private},
	    {"qvmi_phone_memory_shared_bytes", "Memory that it shares with its template", "gauge",
	        phone_shared},
	    {"qvmi_phone_disk_read_bytes_total", "Read from disk for the phone", "counter",
	        phone_read},
	    {"qvmi_phone_disk_written_bytes_total", "Written to disk for the phone", "counter",
	        phone_written},
	    {"qvmi_phone_network_receive_bytes_total", "Received by the phone, as it says",
	        "counter", phone_received},
	    {"qvmi_phone_network_transmit_bytes_total", "Sent by the phone, as it says", "counter",
	        phone_sent},
	    {"qvmi_phone_guest_load1", "Load in the phone, as it says", "gauge", phone_load},
	    {"qvmi_phone_guest_memory_used_bytes",
	        "Memory that is not available in the phone, as it says; 0: it says nothing",
	        "gauge", phone_guest_memory},
	};
	g_autoptr(GPtrArray) phones = phone_table_list(performance->host->phones);
	for (unsigned i = 0; i < G_N_ELEMENTS(figures); i++) {
		metrics_append_family(text, figures[i].name, figures[i].help, figures[i].kind);
		for (unsigned j = 0; j < phones->len; j++) {
			const struct phone *phone = g_ptr_array_index(phones, j);
			if (phone->meter)
				metrics_append_sample(text, figures[i].name, "phone", phone->uuid,
				    figures[i].value(&phone->meter->now));
		}
	}
}

static void collect_states(const struct performance *performance, GString *text)
{
	static const char name[] = "qvmi_phones";
	g_autoptr(GPtrArray) phones = phone_table_list(performance->host->phones);
	unsigned n[PHONE_N_STATES] = {0};
	for (unsigned i = 0; i < phones->len; i++)
		n[((const struct phone *)g_ptr_array_index(phones, i))->state]++;
	metrics_append_family(text, name, "Phones of this host by their state", "gauge");
	for (enum phone_state state = 0; state < PHONE_N_STATES; state++)
		metrics_append_sample(text, name, "state", phone_state_name(state), n[state]);
}

void performance_collect(void *data, GString *text)
{
	collect_host(data, text);
	collect_states(data, text);
	collect_phones(data, text);
}
