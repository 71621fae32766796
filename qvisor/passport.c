/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/passport.h"

#include <string.h>
#include <sys/stat.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/folder.h"
#include "qvisor/migration_files.h"
#include "qvisor/network_reach.h"
#include "qvisor/phone_network.h"
#include "qvisor/phone_table.h"
#include "qvisor/phone_volume.h"
#include "qvisor/template_store.h"
#include "qvisor/user_volume.h"
#include "qvisor/user_volume_store.h"

/* What a saved state depends on beside QEMU's version. With KVM the guest sees the host's own
 * processor, so that has to have the same features. */
static char *processor_of(const struct phone *phone, const struct host *host)
{
	struct emulator emulator = host_emulator(host, phone->template->manifest->architecture);
	g_autofree char *text = NULL, *sum = NULL;
	if (!strcmp(emulator.accelerator, "kvm") &&
	    g_file_get_contents("/proc/cpuinfo", &text, NULL, NULL)) {
		const char *flags = strstr(text, "\nflags");
		size_t n = flags ? strcspn(flags + 1, "\n") + 1 : 0;
		sum = g_compute_checksum_for_data(
		    G_CHECKSUM_SHA256, (const guchar *)(flags ? flags : ""), n);
	}
	return g_strdup_printf(
	    "%s %s%s%.16s", emulator.accelerator, emulator.cpu, sum ? " " : "", sum ? sum : "");
}

/* What its files take on the disk. */
static int64_t disk_mib(const struct phone *phone)
{
	g_autoptr(GDir) dir = g_dir_open(phone->folder, 0, NULL);
	const char *name;
	int64_t blocks = 0;
	while (dir && (name = g_dir_read_name(dir))) {
		struct stat status;
		g_autofree char *path = g_build_filename(phone->folder, name, NULL);
		if (migration_files_wanted(name) && !stat(path, &status))
			blocks += status.st_blocks;
	}
	return (blocks * 512 >> 20) + 1;
}

static JsonObject *volume_json(const struct phone *phone)
{
	JsonObject *object = json_object_new();
	struct user_volume volume = {0};
	g_autofree char *folder =
	    user_volume_store_find(phone->host->volumes, phone->volume->id, NULL);
	if (folder)
		user_volume_read(folder, &volume, NULL);
	json_object_set_string_member(object, "id", phone->volume->id);
	json_object_set_boolean_member(object, "plugged", phone->volume->plugged);
	json_object_set_boolean_member(object, "mounted", phone->volume->mounted);
	json_object_set_int_member(object, "disk_mib", (int64_t)volume.used_mib);
	return object;
}

static JsonObject *machine_json(struct phone_machine machine)
{
	JsonObject *object = json_object_new();
	json_object_set_int_member(object, "cpus", machine.cpus);
	json_object_set_int_member(object, "memory_mib", machine.memory_mib);
	return object;
}

/* One that has failed is off to the other host. */
static const char *state_word(const struct phone *phone)
{
	bool as_it_is = phone->state == PHONE_RUNNING || phone->state == PHONE_SUSPENDED;
	return phone_state_name(as_it_is ? phone->state : PHONE_OFF);
}

JsonNode *passport_issue(const struct phone *phone)
{
	const struct template *template = phone->template;
	g_autofree char *cpu = processor_of(phone, phone->host);
	JsonObject *object = json_object_new(), *sums = json_object_new();
	json_object_set_string_member(object, "uuid", phone->uuid);
	json_object_set_string_member(object, "name", phone->name);
	json_object_set_string_member(object, "mac", phone->mac);
	json_object_set_string_member(object, "created", phone->created);
	if (phone->idempotency_key) {
		json_object_set_string_member(object, "idempotency_key", phone->idempotency_key);
		json_object_set_string_member(object, "request_digest", phone->request_digest);
	}
	json_object_set_string_member(object, "state", state_word(phone));
	json_object_set_boolean_member(object, "established", phone->established);
	json_object_set_boolean_member(object, "cold", phone->cold);
	json_object_set_boolean_member(object, "network", phone->has_network);
	json_object_set_string_member(object, "host_network", host_network_name(phone->host));
	if (phone->reach)
		json_object_set_string_member(object, "reach", phone->reach);
	json_object_set_object_member(object, "booted", machine_json(phone->booted));
	json_object_set_object_member(object, "machine", machine_json(phone->machine));
	json_object_set_object_member(object, "wanted", machine_json(phone->wanted));
	json_object_set_string_member(object, "template", template->name);
	json_object_set_string_member(object, "qemu", phone->host->qemu_version);
	json_object_set_string_member(object, "cpu", cpu);
	for (unsigned i = 0; i < template->n_files; i++)
		json_object_set_string_member(
		    sums, template->files[i].role, template->files[i].sha256);
	json_object_set_object_member(object, "sums", sums);
	json_object_set_int_member(object, "disk_mib", disk_mib(phone));
	if (phone->volume)
		json_object_set_object_member(object, "volume", volume_json(phone));
	return json_node_of(object);
}

/* --- at the border --- */

void passport_free(struct passport *passport)
{
	if (!passport)
		return;
	g_free(passport->uuid);
	g_free(passport->name);
	g_free(passport->mac);
	g_free(passport->created);
	g_free(passport->idempotency_key);
	g_free(passport->request_digest);
	g_free(passport->template_name);
	g_free(passport->qemu_version);
	g_free(passport->cpu);
	g_free(passport->reach);
	g_free(passport->host_network);
	g_free(passport->volume);
	g_clear_pointer(&passport->sums, json_object_unref);
	g_free(passport);
}

static bool parse_machine(
    JsonObject *root, const char *member, struct phone_machine *machine, GError **error)
{
	int64_t cpus, memory_mib;
	JsonObject *object = json_get_object(root, member, error);
	if (!object || !json_get_int(object, "cpus", 0, 1024, &cpus, error) ||
	    !json_get_int(object, "memory_mib", 0, G_MAXINT, &memory_mib, error))
		return false;
	*machine = (struct phone_machine){(unsigned)cpus, (unsigned)memory_mib};
	return true;
}

static bool parse_text(JsonObject *root, const char *member, size_t max, char **to, GError **error)
{
	*to = g_strdup(json_get_string(root, member, max, error));
	return *to;
}

static bool parse_state(JsonObject *root, enum phone_state *state, GError **error)
{
	static const enum phone_state moving[] = {PHONE_RUNNING, PHONE_SUSPENDED, PHONE_OFF};
	const char *word = json_get_string(root, "state", 16, error);
	for (unsigned i = 0; word && i < G_N_ELEMENTS(moving); i++)
		if (!strcmp(word, phone_state_name(moving[i]))) {
			*state = moving[i];
			return true;
		}
	if (word)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "a phone that is \"%s\" does not move", word);
	return false;
}

static bool parse_volume(JsonObject *root, struct passport *passport, GError **error)
{
	JsonObject *object =
	    json_object_has_member(root, "volume") ? json_get_object(root, "volume", error) : NULL;
	if (!object)
		return !json_object_has_member(root, "volume");
	if (!parse_text(object, "id", 36, &passport->volume, error) ||
	    !json_get_optional_bool(object, "plugged", false, &passport->volume_plugged, error) ||
	    !json_get_optional_bool(object, "mounted", false, &passport->volume_mounted, error) ||
	    !json_get_int(object, "disk_mib", 0, G_MAXINT, &passport->volume_mib, error))
		return false;
	if (user_volume_id_valid(passport->volume))
		return true;
	g_set_error_literal(
	    error, QVMI_ERROR, QVMI_ERROR_INVALID, "the id of the phone's volume is no UUID");
	return false;
}

static bool check_names(const struct passport *passport, GError **error)
{
	bool mac = strlen(passport->mac) == 17 &&
	           strspn(passport->mac, "0123456789abcdef:") == strlen(passport->mac);
	if (g_uuid_string_is_valid(passport->uuid) && manifest_name_valid(passport->name) && mac)
		return true;
	g_set_error_literal(
	    error, QVMI_ERROR, QVMI_ERROR_INVALID, "the phone's uuid, name or mac is none");
	return false;
}

static bool parse(struct passport *passport, JsonObject *root, GError **error)
{
	JsonObject *sums;
	if (!parse_text(root, "uuid", 36, &passport->uuid, error) ||
	    !parse_text(root, "name", 32, &passport->name, error) ||
	    !parse_text(root, "mac", 17, &passport->mac, error) ||
	    !parse_text(root, "created", 64, &passport->created, error) ||
	    !parse_text(root, "template", 32, &passport->template_name, error) ||
	    !parse_text(root, "qemu", 64, &passport->qemu_version, error) ||
	    !parse_text(root, "cpu", 128, &passport->cpu, error) ||
	    !parse_text(root, "host_network", 16, &passport->host_network, error) ||
	    !parse_state(root, &passport->state, error) ||
	    !json_get_optional_bool(root, "established", false, &passport->established, error) ||
	    !json_get_optional_bool(root, "cold", false, &passport->cold, error) ||
	    !json_get_optional_bool(root, "network", false, &passport->network, error) ||
	    !parse_machine(root, "booted", &passport->booted, error) ||
	    !parse_machine(root, "machine", &passport->machine, error) ||
	    !parse_machine(root, "wanted", &passport->wanted, error) ||
	    !json_get_int(root, "disk_mib", 0, G_MAXINT, &passport->disk_mib, error) ||
	    !(sums = json_get_object(root, "sums", error)))
		return false;
	passport->sums = json_object_ref(sums);
	passport->reach =
	    g_strdup(json_get_optional_string(root, "reach", NETWORK_REACH_MAX, NULL));
	passport->idempotency_key =
	    g_strdup(json_get_optional_string(root, "idempotency_key", 256, NULL));
	passport->request_digest =
	    g_strdup(json_get_optional_string(root, "request_digest", 64, NULL));
	return parse_volume(root, passport, error) && check_names(passport, error);
}

struct passport *passport_parse(JsonObject *object, GError **error)
{
	AUTO(passport) passport = g_new0(struct passport, 1);
	return parse(passport, object, error) ? g_steal_pointer(&passport) : NULL;
}

static bool has_files(const struct template *template, JsonObject *sums)
{
	for (unsigned i = 0; i < template->n_files; i++) {
		const struct template_file *file = &template->files[i];
		if (g_strcmp0(json_get_optional_string(sums, file->role, 64, NULL), file->sha256))
			return false;
	}
	return json_object_get_size(sums) == template->n_files;
}

static bool same_template(const struct template *template, void *data)
{
	const struct passport *passport = data;
	return !strcmp(template->name, passport->template_name) &&
	       has_files(template, passport->sums);
}

static bool check_machine(const struct passport *passport, const struct template *template,
    const struct host *host, GError **error)
{
	const struct phone probe = {.template = (struct template *)(uintptr_t) template};
	g_autofree char *cpu = processor_of(&probe, host);
	/* Devices' state is QEMU's own; what is off begins anew. */
	bool state = passport->state != PHONE_OFF;
	if (state && strcmp(passport->qemu_version, host->qemu_version)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "host %s has QEMU %s, and the phone's state is of %s; install the same, or "
		    "stop "
		    "the phone first",
		    host->id, host->qemu_version, passport->qemu_version);
		return false;
	}
	if (state && strcmp(passport->cpu, cpu)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "host %s runs phones by \"%s\", and the phone's state is of \"%s\"; stop the "
		    "phone "
		    "first",
		    host->id, cpu, passport->cpu);
		return false;
	}
	return true;
}

/* It is to reach what it did, and nothing else. */
static bool check_network(
    const struct passport *passport, const struct host *host, char **reach, GError **error)
{
	if (!phone_network_check(host, passport->reach, reach, error))
		return false;
	if (passport->reach || !strcmp(passport->host_network, host_network_name(host)))
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
	    "the phone's network is its host's \"%s\", and host %s has \"%s\" (phone.network); "
	    "give "
	    "it a network of its own first",
	    passport->host_network, host->id, host_network_name(host));
	return false;
}

static bool check_disk(
    const struct host *host, const char *folder, int64_t mib, const char *what, GError **error)
{
	uint64_t room = folder_free_mib(folder);
	if (room >= (uint64_t)mib + host->disk_reserve_mib)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
	    "host %s has %" G_GUINT64_FORMAT
	    " MiB of disk free; the phone's %s takes %" G_GINT64_FORMAT " and %u stay in reserve",
	    host->id, room, what, mib, host->disk_reserve_mib);
	return false;
}

static bool check_volume(const struct passport *passport, const struct host *host, GError **error)
{
	if (!passport->volume)
		return true;
	if (host->volumes)
		return check_disk(host, user_volume_store_folder(host->volumes),
		    passport->volume_mib, "volume", error);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
	    "host %s keeps no users' volumes, and the phone has one; set host.volume-folder there",
	    host->id);
	return false;
}

static bool check_room(const struct passport *passport, const struct host *host, GError **error)
{
	unsigned running = phone_table_running(host->phones);
	if (passport->state == PHONE_RUNNING && running >= host->max_phones) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
		    "%u phones run on host %s, and its host.max-phones is %u", running, host->id,
		    host->max_phones);
		return false;
	}
	return check_disk(host, host->state_folder, passport->disk_mib, "disk", error);
}

struct template *passport_admit(
    const struct passport *passport, struct host *host, char **reach, GError **error)
{
	struct template *template =
	    template_store_find_if(host->templates, same_template, (void *)(uintptr_t)passport);
	if (phone_table_find(host->phones, passport->uuid, NULL) ||
	    phone_table_name_taken(host->phones, passport->name)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "host %s has a phone of that uuid or name already", host->id);
		return NULL;
	}
	if (!template) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
		    "host %s does not have the template \"%s\" with the same contents; copy its "
		    "folder "
		    "there and restart qvisord (docs/data-centre.md)",
		    host->id, passport->template_name);
		return NULL;
	}
	return check_machine(passport, template, host, error) &&
	               check_network(passport, host, reach, error) &&
	               check_room(passport, host, error) && check_volume(passport, host, error)
	           ? template
	           : NULL;
}
