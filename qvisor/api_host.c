/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <unistd.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/api.h"
#include "qvisor/folder.h"
#include "qvisor/phone_table.h"
#include "qvisor/prespawn.h"
#include "qvisor/registration.h"

static JsonObject *object_of(JsonObject *parent, const char *member)
{
	JsonObject *object = json_object_new();
	json_object_set_object_member(parent, member, object);
	return object;
}

/* What a phone's QEMU is kept in, and what it is not. */
static JsonNode *jail(const struct host *host)
{
	static const char *const missing[] = {"a user id of its own", "namespaces of its own",
	    "a root of its own", "limits of memory, processors and processes"};
	JsonObject *object = json_object_new();
	JsonArray *less = json_array_new();
	for (unsigned i = 0; !host->launcher && i < G_N_ELEMENTS(missing); i++)
		json_array_add_string_element(less, missing[i]);
	json_object_set_boolean_member(object, "launcher", host->launcher != NULL);
	json_object_set_array_member(object, "without", less);
	return json_node_of(object);
}

void api_host_get(struct http_request *request, void *data)
{
	struct host *host = data;
	JsonObject *root = json_object_new();
	json_object_set_string_member(root, "id", host->id);
	json_object_set_string_member(root, "version", QVMI_VERSION);
	JsonObject *accelerator = object_of(root, "accelerator");
	json_object_set_string_member(accelerator, "name", host->accelerator->name);
	json_object_set_string_member(accelerator, "reason", host->accelerator->reason);
	json_object_set_string_member(object_of(root, "qemu"), "version", host->qemu_version);
	json_object_set_int_member(root, "cpus", sysconf(_SC_NPROCESSORS_ONLN));
	json_object_set_int_member(
	    root, "memory_mib", (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) >> 20);
	json_object_set_int_member(root, "memory_free_mib", host_memory_available_mib());
	json_object_set_int_member(root, "disk_free_mib", folder_free_mib(host->state_folder));
	unsigned total = phone_table_count(host->phones),
	         running = phone_table_running(host->phones);
	JsonObject *phones = object_of(root, "phones");
	json_object_set_int_member(phones, "total", total);
	json_object_set_int_member(phones, "running", running);
	json_object_set_int_member(phones, "off", total - running);
	json_object_set_int_member(phones, "max", host->max_phones);
	json_object_set_member(root, "jail", jail(host));
	json_object_set_string_member(root, "network", host_network_name(host));
	json_object_set_object_member(root, "spares", prespawn_json(host->prespawn));
	if (host->registration)
		json_object_set_member(root, "pool", registration_json(host->registration));
	json_object_set_array_member(root, "quarantine", phone_table_quarantine(host->phones));
	json_object_set_int_member(
	    root, "uptime_s", (g_get_monotonic_time() - host->started) / G_USEC_PER_SEC);
	http_respond_json(request, 200, json_node_of(root));
}

/* --- performance: reading every phone's memory takes milliseconds each, so a thread does it --- */

struct sample {
	unsigned n;
	pid_t *pids;
	struct http_request *request;
	struct host *host;
	uint64_t pss_kib, private_kib, rss_kib;
};

static void sample_free(void *pointer)
{
	struct sample *sample = pointer;
	g_free(sample->pids);
	g_free(sample);
}

static void sample_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
	(void)source, (void)cancellable;
	struct sample *sample = data;
	struct performance_process one;
	for (unsigned i = 0; i < sample->n; i++) {
		/* One that ended meanwhile uses nothing. */
		if (!performance_read_process(sample->pids[i], &one, NULL))
			continue;
		sample->pss_kib += one.pss_kib;
		sample->private_kib += one.private_kib;
		sample->rss_kib += one.rss_kib;
	}
	g_task_return_boolean(task, TRUE);
}

static void on_sampled(GObject *source, GAsyncResult *result, void *data)
{
	(void)source, (void)data;
	struct sample *sample = g_task_get_task_data(G_TASK(result));
	JsonObject *root = performance_host(&sample->host->clock, sample->host->state_folder);
	JsonObject *phones = object_of(root, "phones");
	json_object_set_int_member(phones, "running", sample->n);
	json_object_set_double_member(phones, "pss_mb", sample->pss_kib * 1024 / 1e6);
	json_object_set_double_member(phones, "private_mb", sample->private_kib * 1024 / 1e6);
	json_object_set_double_member(phones, "rss_mb", sample->rss_kib * 1024 / 1e6);
	http_respond_json(sample->request, 200, json_node_of(root));
}

void api_host_performance(struct http_request *request, void *data)
{
	struct host *host = data;
	g_autoptr(GPtrArray) phones = phone_table_list(host->phones);
	struct sample *sample = g_new0(struct sample, 1);
	sample->request = request;
	sample->host = host;
	sample->pids = g_new(pid_t, phones->len);
	for (unsigned i = 0; i < phones->len; i++) {
		const struct phone *phone = g_ptr_array_index(phones, i);
		if (phone->process)
			sample->pids[sample->n++] = phone->process->pid;
	}
	http_request_hold(request);
	g_autoptr(GTask) task = g_task_new(NULL, NULL, on_sampled, NULL);
	g_task_set_task_data(task, sample, sample_free);
	g_task_run_in_thread(task, sample_thread);
}
