/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <unistd.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/api.h"
#include "qvisor/folder.h"
#include "qvisor/networks.h"
#include "qvisor/phone_table.h"
#include "qvisor/prespawn.h"
#include "qvisor/registration.h"
#include "qvisor/user_volume_store.h"

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
	json_object_set_array_member(root, "networks", networks_json(host->networks));
	json_object_set_object_member(root, "spares", prespawn_json(host->prespawn));
	if (host->registration)
		json_object_set_member(root, "pool", registration_json(host->registration));
	JsonArray *quarantine = phone_table_quarantine(host->phones);
	user_volume_store_quarantine(host->volumes, quarantine);
	json_object_set_array_member(root, "quarantine", quarantine);
	json_object_set_int_member(
	    root, "uptime_s", (g_get_monotonic_time() - host->started) / G_USEC_PER_SEC);
	http_respond_json(request, 200, json_node_of(root));
}
