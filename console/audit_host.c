/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

#include "common/error.h"
#include "common/json.h"
#include "common/process.h"
#include "console/api.h"
#include "console/audit.h"

#define RECORD_MAX_SIZE 65536
#define UUID_LENGTH 36

static char *key_path(GKeyFile *keys, const char *file, const char *group, const char *key)
{
	g_autofree char *value = g_key_file_get_string(keys, group, key, NULL);
	g_autofree char *folder = g_path_get_dirname(file);

	return value && *value ? g_canonicalize_filename(value, folder) : NULL;
}

struct audit_host *audit_host_load(const char *config_file, GError **error)
{
	g_autoptr(GKeyFile) keys = g_key_file_new();
	g_autofree char *file = g_canonicalize_filename(config_file, NULL);

	if (!g_key_file_load_from_file(keys, file, G_KEY_FILE_NONE, error)) {
		g_prefix_error(error, "qvisord's configuration %s: ", file);
		return NULL;
	}
	g_autofree char *id = g_key_file_get_string(keys, "host", "id", NULL);
	g_autofree char *socket = key_path(keys, file, "listen", "unix");
	struct audit_host *host = g_new0(struct audit_host, 1);

	host->id = g_strdup(id ? id : file);
	host->state_folder = key_path(keys, file, "host", "state-folder");
	host->template_folder = key_path(keys, file, "host", "template-folder");
	host->url = socket ? g_strconcat("unix:", socket, NULL) : NULL;
	if (host->url && host->state_folder && host->template_folder)
		return host;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "%s: host.state-folder, host.template-folder and listen.unix must be set", file);
	audit_host_free(host);
	return NULL;
}

void audit_host_free(struct audit_host *host)
{
	if (!host)
		return;
	g_clear_pointer(&host->phones, json_node_unref);
	g_clear_pointer(&host->about, json_node_unref);
	g_clear_error(&host->error);
	g_free(host->id);
	g_free(host->url);
	g_free(host->state_folder);
	g_free(host->template_folder);
	g_free(host);
}

/* --- I1: processes and records --- */

/* An argument of a process: the one after `option`. NULL: none, or no such process. */
static char *process_option(const char *pid, const char *option)
{
	g_autofree char *path = g_build_filename("/proc", pid, "cmdline", NULL);
	g_autofree char *text = NULL;
	gsize n;

	if (!g_file_get_contents(path, &text, &n, NULL))
		return NULL;
	for (const char *word = text; word < text + n; word += strlen(word) + 1)
		if (g_str_equal(word, option) && word + strlen(word) + 1 < text + n)
			return g_strdup(word + strlen(word) + 1);
	return NULL;
}

/* libvirt has the log elsewhere, and names a domain after the state folder's path and the phone
 * (docs/decisions/155). NULL: another's. */
static char *domain_owner(const char *name, const char *state_folder)
{
	char *real = realpath(state_folder, NULL);
	g_autofree char *sum =
	    real ? g_compute_checksum_for_string(G_CHECKSUM_SHA256, real, -1) : NULL;
	g_autofree char *prefix = g_strdup_printf("guest=qvmi-%.8s-", sum ? sum : "");

	free(real);
	return g_str_has_prefix(name, prefix) && strlen(name) >= strlen(prefix) + UUID_LENGTH
	           ? g_strndup(name + strlen(prefix), UUID_LENGTH)
	           : NULL;
}

/* The folder of the state folder where a process has its log tells whose QEMU it is: a child that
 * waited for its phone was started under another uuid. NULL: nobody's. Only its own user and root
 * may look. */
static char *owner_of(const char *pid, const char *state_folder)
{
	g_autofree char *name = process_option(pid, "-name");

	if (!name || !g_str_has_prefix(name, "qvmi-"))
		return name ? domain_owner(name, state_folder) : NULL;
	g_autofree char *link = g_build_filename("/proc", pid, "fd", "2", NULL);
	g_autofree char *log = g_file_read_link(link, NULL);
	g_autofree char *folder = log ? g_path_get_dirname(log) : NULL;
	g_autofree char *parent = folder ? g_path_get_dirname(folder) : NULL;
	char *real = realpath(state_folder, NULL);
	char *uuid =
	    real && parent && g_str_equal(parent, real) ? g_path_get_basename(folder) : NULL;

	free(real);
	return uuid;
}

static JsonNode *read_record(const struct audit_host *host, const char *uuid)
{
	g_autofree char *path = g_build_filename(host->state_folder, uuid, "phone.json", NULL);

	return json_load_file(path, RECORD_MAX_SIZE, NULL);
}

static void check_process(
    struct audit *audit, const struct audit_host *host, const char *uuid, int64_t pid)
{
	g_autoptr(JsonNode) record = read_record(host, uuid);
	JsonObject *object = record ? json_node_get_object(record) : NULL;
	int64_t recorded = 0, start = 0;
	g_autofree char *name = g_strdup_printf("%" G_GINT64_FORMAT, pid);
	g_autofree char *of = owner_of(name, host->state_folder);

	if (!object || !json_get_int(object, "pid", 1, G_MAXINT, &recorded, NULL) ||
	    !json_get_int(object, "start_time", 1, G_MAXINT64, &start, NULL))
		audit_broken(audit, AUDIT_I1,
		    "phone %s runs as pid %s and its record names no process", uuid, name);
	else if (recorded != pid || !process_is((pid_t)pid, start))
		audit_broken(audit, AUDIT_I1,
		    "phone %s: qvisord says pid %s, its record %" G_GINT64_FORMAT
		    " begun at %" G_GINT64_FORMAT,
		    uuid, name, recorded, start);
	else if (g_strcmp0(of, uuid))
		audit_broken(audit, AUDIT_I1, "phone %s: pid %s is the QEMU of %s", uuid, name,
		    of ? of : "nobody");
}

static bool is_spare(GHashTable *spares, const char *uuid, const char *pid)
{
	return GPOINTER_TO_INT(g_hash_table_lookup(spares, uuid)) == g_ascii_strtoll(pid, NULL, 10);
}

static void check_strays(
    struct audit *audit, const struct audit_host *host, GHashTable *phones, GHashTable *spares)
{
	g_autoptr(GDir) dir = g_dir_open("/proc", 0, NULL);
	const char *pid;

	while (dir && (pid = g_dir_read_name(dir))) {
		g_autofree char *uuid =
		    g_ascii_isdigit(*pid) ? owner_of(pid, host->state_folder) : NULL;
		if (!uuid || is_spare(spares, uuid, pid))
			continue;
		JsonObject *phone = g_hash_table_lookup(phones, uuid);
		if (!phone || json_object_get_int_member_with_default(phone, "pid", 0) !=
		                  g_ascii_strtoll(pid, NULL, 10))
			audit_broken(audit, AUDIT_I1, "pid %s is a QEMU of phone %s that %s", pid,
			    uuid, phone ? "has another" : "nobody knows");
	}
}

static void check_phones(struct audit *audit, const struct audit_host *host, GHashTable *phones)
{
	GHashTableIter iterator;
	void *uuid, *phone;

	g_hash_table_iter_init(&iterator, phones);
	while (g_hash_table_iter_next(&iterator, &uuid, &phone)) {
		const char *state = api_string(phone, "state");
		int64_t pid = json_object_get_int_member_with_default(phone, "pid", 0);
		audit->checked[AUDIT_I1]++;
		if (pid)
			check_process(audit, host, uuid, pid);
		else if (g_str_equal(state, "running"))
			audit_broken(
			    audit, AUDIT_I1, "phone %s runs without a process", (char *)uuid);
		if (pid && (g_str_equal(state, "off") || g_str_equal(state, "failed")))
			audit_broken(
			    audit, AUDIT_I1, "phone %s is %s with a process", (char *)uuid, state);
	}
}

/* --- I2: users' volumes --- */

static void check_volumes(struct audit *audit, GHashTable *phones)
{
	g_autoptr(GHashTable) holders = g_hash_table_new(g_str_hash, g_str_equal);
	GHashTableIter iterator;
	void *uuid, *phone;

	g_hash_table_iter_init(&iterator, phones);
	while (g_hash_table_iter_next(&iterator, &uuid, &phone)) {
		JsonObject *volume = json_get_optional_object(phone, "volume", NULL);
		const char *id = volume ? api_string(volume, "id") : NULL;
		const char *other = id ? g_hash_table_lookup(holders, id) : NULL;

		if (!id)
			continue;
		audit->checked[AUDIT_I2]++;
		if (other)
			audit_broken(audit, AUDIT_I2, "volume %s is with the phones %s and %s", id,
			    other, (char *)uuid);
		g_hash_table_insert(holders, (char *)id, uuid);
	}
}

/* --- I3: keys --- */

static void check_keys(struct audit *audit, const struct audit_host *host, GHashTable *phones)
{
	g_autoptr(GHashTable) keys = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	GHashTableIter iterator;
	void *uuid;

	g_hash_table_iter_init(&iterator, phones);
	while (g_hash_table_iter_next(&iterator, &uuid, NULL)) {
		g_autoptr(JsonNode) record = read_record(host, uuid);
		const char *key = record ? json_get_optional_string(json_node_get_object(record),
		                               "idempotency_key", 256, NULL)
		                         : NULL;
		audit->checked[AUDIT_I3]++;
		if (key && !g_hash_table_add(keys, g_strdup(key)))
			audit_broken(audit, AUDIT_I3,
			    "phone %s is not the only one of its idempotency key", (char *)uuid);
	}
}

/* --- I4: folders --- */

static GHashTable *quarantined(JsonNode *answer)
{
	GHashTable *names = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, NULL);
	JsonArray *list = api_list(answer, "quarantine");

	for (unsigned i = 0; i < json_array_get_length(list); i++)
		g_hash_table_add(names, g_path_get_basename(api_string(
		                            json_array_get_object_element(list, i), "folder")));
	return names;
}

static void check_folder(struct audit *audit, const char *parent, const char *name)
{
	g_autofree char *path = g_build_filename(parent, name, NULL);
	g_autoptr(GDir) dir = g_dir_open(path, 0, NULL);
	const char *file;

	while (dir && (file = g_dir_read_name(dir)))
		if (g_str_has_suffix(file, ".part"))
			audit_broken(audit, AUDIT_I4, "%s/%s was left half written", path, file);
}

static bool check_state_folder(struct audit *audit, const struct audit_host *host,
    GHashTable *phones, GHashTable *spares, GHashTable *quarantine, GError **error)
{
	g_autoptr(GDir) dir = g_dir_open(host->state_folder, 0, error);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		if (*name == '.') /* the host's own records */
			continue;
		audit->checked[AUDIT_I4]++;
		if (g_hash_table_contains(phones, name) || g_hash_table_contains(spares, name))
			check_folder(audit, host->state_folder, name);
		else if (!g_hash_table_contains(quarantine, name))
			audit_broken(audit, AUDIT_I4, "%s/%s belongs to no phone and is not listed",
			    host->state_folder, name);
	}
	return dir;
}

/* A build that goes on holds its folder locked (flock(2)). */
static void check_template_folder(struct audit *audit, const struct audit_host *host)
{
	g_autoptr(GDir) dir = g_dir_open(host->template_folder, 0, NULL);
	const char *name;

	while (dir && (name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(host->template_folder, name, NULL);
		AUTO_FD fd =
		    g_str_has_suffix(name, ".part") ? open(path, O_RDONLY | O_CLOEXEC) : -1;
		audit->checked[AUDIT_I4]++;
		if (fd >= 0 && !flock(fd, LOCK_SH | LOCK_NB))
			audit_broken(
			    audit, AUDIT_I4, "%s is a build that nobody goes on with", path);
	}
}

/* --- */

static GHashTable *phones_of(JsonNode *answer)
{
	GHashTable *phones = g_hash_table_new(g_str_hash, g_str_equal);
	JsonArray *list = api_list(answer, "phones");

	for (unsigned i = 0; i < json_array_get_length(list); i++) {
		JsonObject *phone = json_array_get_object_element(list, i);
		g_hash_table_insert(phones, (char *)api_string(phone, "uuid"), phone);
	}
	return phones;
}

/* uuid -> pid of the children that wait for a clone request. */
/* Those QEMUs that qvisord has and that are no phones. */
static void add_spares(GHashTable *spares, JsonNode *about, const char *member, const char *listed)
{
	JsonObject *object = json_get_optional_object(json_node_get_object(about), member, NULL);
	JsonArray *list = object ? json_get_array(object, listed, 1000, NULL) : NULL;

	for (unsigned i = 0; list && i < json_array_get_length(list); i++) {
		JsonObject *child = json_array_get_object_element(list, i);
		g_hash_table_insert(spares, (char *)api_string(child, "uuid"),
		    GINT_TO_POINTER((int)json_object_get_int_member_with_default(child, "pid", 0)));
	}
}

static GHashTable *spares_of(JsonNode *about)
{
	GHashTable *spares = g_hash_table_new(g_str_hash, g_str_equal);

	add_spares(spares, about, "spares", "children");
	add_spares(spares, about, "zygotes", "zygotes");
	return spares;
}

void audit_host(struct audit *audit, const struct audit_host *host)
{
	g_autoptr(GHashTable) phones = phones_of(host->phones);
	g_autoptr(GHashTable) quarantine = quarantined(host->about);
	g_autoptr(GHashTable) spares = spares_of(host->about);
	g_autoptr(GError) error = NULL;

	check_phones(audit, host, phones);
	check_strays(audit, host, phones, spares);
	check_volumes(audit, phones);
	check_keys(audit, host, phones);
	check_template_folder(audit, host);
	if (!check_state_folder(audit, host, phones, spares, quarantine, &error))
		audit_unchecked(audit, AUDIT_I4, "host %s: %s", host->id, error->message);
}
