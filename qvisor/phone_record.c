/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/phone_record.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/network_reach.h"
#include "qvisor/template_store.h"
#include "qvisor/phone_volume.h"
#include "qvisor/user_volume_store.h"

#define RECORD_MAX_SIZE 65536

static JsonNode *record_json(const struct phone *phone)
{
	JsonObject *root = json_object_new();
	json_object_set_int_member(root, "format", 1);
	json_object_set_string_member(root, "uuid", phone->uuid);
	json_object_set_string_member(root, "name", phone->name);
	json_object_set_string_member(root, "mac", phone->mac);
	json_object_set_string_member(root, "created", phone->created);
	json_object_set_string_member(root, "template", phone->template_name);
	json_object_set_string_member(root, "template_folder", phone->template_base);
	json_object_set_string_member(root, "state", phone_state_name(phone->state));
	json_object_set_boolean_member(root, "established", phone->established);
	json_object_set_boolean_member(root, "cold", phone->cold);
	json_object_set_boolean_member(root, "network", phone->has_network);
	json_object_set_boolean_member(root, "identity", phone->identity_set);
	json_object_set_int_member(root, "clone_ms", phone->clone_ms);
	json_object_set_int_member(root, "booted_cpus", phone->booted.cpus);
	json_object_set_int_member(root, "booted_memory_mib", phone->booted.memory_mib);
	json_object_set_int_member(root, "cpus", phone->machine.cpus);
	json_object_set_int_member(root, "memory_mib", phone->machine.memory_mib);
	json_object_set_int_member(root, "wanted_cpus", phone->wanted.cpus);
	json_object_set_int_member(root, "wanted_memory_mib", phone->wanted.memory_mib);
	if (phone->reason)
		json_object_set_string_member(root, "reason", phone->reason);
	if (phone->idempotency_key) {
		json_object_set_string_member(root, "idempotency_key", phone->idempotency_key);
		json_object_set_string_member(root, "request_digest", phone->request_digest);
	}
	if (phone->reach)
		json_object_set_string_member(root, "reach", phone->reach);
	if (phone->arrival)
		json_object_set_string_member(root, "arrival", phone->arrival);
	if (phone->leaving_to) {
		json_object_set_string_member(root, "leaving_to", phone->leaving_to);
		json_object_set_string_member(root, "leaving_ticket", phone->leaving_ticket);
		json_object_set_boolean_member(root, "left", phone->left);
	}
	if (phone->volume) {
		json_object_set_string_member(root, "volume", phone->volume->id);
		json_object_set_boolean_member(root, "volume_plugged", phone->volume->plugged);
		json_object_set_boolean_member(root, "volume_mounted", phone->volume->mounted);
	}
	if (phone->process) {
		json_object_set_int_member(root, "pid", phone->process->pid);
		json_object_set_int_member(root, "start_time", phone->process->start_time);
	}
	return json_node_of(root);
}

static bool store(const struct phone *phone, bool durably, GError **error)
{
	g_autoptr(JsonNode) node = record_json(phone);
	g_autofree char *text = json_text(node);
	g_autofree char *path = g_build_filename(phone->folder, "phone.json", NULL);
	g_autofree char *part = g_strconcat(path, ".part", NULL);
	size_t n = strlen(text);
	AUTO_FD fd = open(part, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	errno = fd < 0 ? errno : ENOSPC; /* a short write sets none */
	if (fd >= 0 && write(fd, text, n) == (ssize_t)n && (!durably || !fsync(fd)) &&
	    !rename(part, path))
		return true;
	int why = errno;
	unlink(part);
	return qvmi_error_set_errno(error, why, "cannot write %s", path);
}

bool phone_record_store(const struct phone *phone, GError **error)
{
	return store(phone, false, error);
}

bool phone_record_store_durably(const struct phone *phone, GError **error)
{
	AUTO_FD folder = open(phone->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (!store(phone, true, error))
		return false;
	return (folder >= 0 && !fsync(folder)) ||
	       qvmi_error_set_errno(error, errno, "cannot write to %s", phone->folder);
}

/* A member that older records do not have is as in `absent`; 0: the template's. */
static bool parse_machine(JsonObject *root, const char *cpus_name, const char *memory_name,
    struct phone_machine absent, struct phone_machine *machine, GError **error)
{
	int64_t cpus, memory_mib;
	if (!json_get_optional_int(root, cpus_name, 0, 1024, absent.cpus, &cpus, error) ||
	    !json_get_optional_int(
	        root, memory_name, 0, G_MAXINT, absent.memory_mib, &memory_mib, error))
		return false;
	*machine = (struct phone_machine){(unsigned)cpus, (unsigned)memory_mib};
	return true;
}

static bool parse_machines(struct phone *phone, JsonObject *root, GError **error)
{
	static const struct phone_machine none;
	return parse_machine(root, "cpus", "memory_mib", none, &phone->machine, error) &&
	       parse_machine(root, "booted_cpus", "booted_memory_mib", phone->machine,
	           &phone->booted, error) &&
	       parse_machine(root, "wanted_cpus", "wanted_memory_mib", none, &phone->wanted, error);
}

static bool parse(
    struct phone *phone, JsonObject *root, pid_t *pid, uint64_t *start_time, GError **error)
{
	int64_t format, number, start, clone_ms;
	bool plugged, mounted;
	const char *uuid, *name, *mac, *created, *template, *base, *state, *volume;
	if (!json_get_int(root, "format", 1, 1, &format, error) ||
	    !(uuid = json_get_string(root, "uuid", 36, error)) ||
	    !(name = json_get_string(root, "name", 32, error)) ||
	    !(mac = json_get_string(root, "mac", 17, error)) ||
	    !(created = json_get_string(root, "created", 64, error)) ||
	    !(template = json_get_string(root, "template", 32, error)) ||
	    !(base = json_get_string(root, "template_folder", 128, error)) ||
	    !(state = json_get_string(root, "state", 16, error)) ||
	    !json_get_optional_int(root, "clone_ms", 0, G_MAXINT, 0, &clone_ms, error) ||
	    !parse_machines(phone, root, error) ||
	    !json_get_optional_int(root, "pid", 1, G_MAXINT, 0, &number, error) ||
	    !json_get_optional_int(root, "start_time", 1, G_MAXINT64, 0, &start, error) ||
	    !json_get_optional_bool(root, "established", false, &phone->established, error) ||
	    !json_get_optional_bool(root, "cold", false, &phone->cold, error) ||
	    !json_get_optional_bool(root, "left", false, &phone->left, error) ||
	    !json_get_optional_bool(root, "network", false, &phone->has_network, error) ||
	    !json_get_optional_bool(root, "identity", false, &phone->identity_set, error) ||
	    !json_get_optional_bool(root, "volume_plugged", false, &plugged, error) ||
	    !json_get_optional_bool(root, "volume_mounted", false, &mounted, error))
		return false;
	volume = json_get_optional_string(root, "volume", 36, NULL);
	for (phone->state = 0; phone->state < PHONE_N_STATES; phone->state++)
		if (!strcmp(state, phone_state_name(phone->state)))
			break;
	if (phone->state == PHONE_N_STATES) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_CORRUPT, "its state \"%s\" is unknown", state);
		return false;
	}
	/* phone_become() renames the folder first; killed then, it is a clone cut short as any. */
	bool cut_short = !phone->established && phone->state == PHONE_CREATING;
	if (strcmp(uuid, phone->uuid) && !cut_short) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT,
		    "it is the record of another phone, %s", uuid);
		return false;
	}
	if (volume && !user_volume_id_valid(volume)) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_CORRUPT, "its volume \"%s\" is no UUID", volume);
		return false;
	}
	if (volume) {
		phone->volume = phone_volume_new(volume);
		phone->volume->plugged = plugged;
		/* One that runs is asked. */
		phone->volume->mounted = plugged && mounted && phone->state == PHONE_SUSPENDED;
	}
	phone->name = g_strdup(name);
	phone->mac = g_strdup(mac);
	phone->created = g_strdup(created);
	phone->template_name = g_strdup(template);
	phone->template_base = g_strdup(base);
	phone->clone_ms = clone_ms;
	phone->reach = g_strdup(json_get_optional_string(root, "reach", NETWORK_REACH_MAX, NULL));
	phone->reason = g_strdup(json_get_optional_string(root, "reason", 8192, NULL));
	phone->idempotency_key =
	    g_strdup(json_get_optional_string(root, "idempotency_key", 256, NULL));
	phone->request_digest =
	    g_strdup(json_get_optional_string(root, "request_digest", 64, NULL));
	phone->arrival = g_strdup(json_get_optional_string(root, "arrival", 36, NULL));
	phone->leaving_to = g_strdup(json_get_optional_string(root, "leaving_to", 300, NULL));
	phone->leaving_ticket =
	    g_strdup(json_get_optional_string(root, "leaving_ticket", 36, NULL));
	*pid = number;
	*start_time = start;
	return true;
}

struct phone *phone_record_load(
    struct host *host, const char *uuid, pid_t *pid, uint64_t *start_time, GError **error)
{
	AUTO(phone) phone = g_new0(struct phone, 1);
	phone->host = host;
	phone->uuid = g_strdup(uuid);
	phone->folder = g_build_filename(host->state_folder, uuid, NULL);
	g_autofree char *path = g_build_filename(phone->folder, "phone.json", NULL);
	g_autoptr(JsonNode) node = json_load_file(path, RECORD_MAX_SIZE, error);
	if (!node)
		return NULL;
	if (!parse(phone, json_node_get_object(node), pid, start_time, error)) {
		g_prefix_error(error, "%s: ", path);
		return NULL;
	}
	/* Killed while it wrote: the record as it was is whole, and holds. */
	g_autofree char *part = g_strconcat(path, ".part", NULL);
	unlink(part);
	phone->template = template_store_find_folder(host->templates, phone->template_base);
	if (phone->template) {
		template_ref(phone->template);
		template_store_hold(host->templates, phone->template);
	}
	return g_steal_pointer(&phone);
}
