/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <unistd.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/api.h"
#include "qvisor/folder.h"
#include "qvisor/networks.h"
#include "qvisor/phone_table.h"
#include "qvisor/platform.h"
#include "qvisor/prespawn.h"
#include "qvisor/zygote.h"
#include "qvisor/registration.h"
#include "qvisor/user_volume_store.h"

static JsonObject *object_of(JsonObject *parent, const char *member)
{
	JsonObject *object = json_object_new();
	json_object_set_object_member(parent, member, object);
	return object;
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
	const struct platform *platform = host->platform;
	platform->describe(platform, object_of(root, "platform"), object_of(root, "jail"));
	json_object_set_string_member(root, "network", host_network_name(host));
	json_object_set_array_member(root, "networks", networks_json(host->networks));
	json_object_set_object_member(root, "spares", prespawn_json(host->prespawn));
	json_object_set_object_member(root, "zygotes", zygotes_json(host->zygotes));
	if (host->registration)
		json_object_set_member(root, "pool", registration_json(host->registration));
	JsonArray *quarantine = phone_table_quarantine(host->phones);
	user_volume_store_quarantine(host->volumes, quarantine);
	json_object_set_array_member(root, "quarantine", quarantine);
	json_object_set_int_member(
	    root, "uptime_s", (g_get_monotonic_time() - host->started) / G_USEC_PER_SEC);
	http_respond_json(request, 200, json_node_of(root));
}
