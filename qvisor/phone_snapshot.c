/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/phone_snapshot.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/phone_key.h"
#include "qvisor/phone_record.h"
#include "qvisor/phone_save.h"
#include "qvisor/phone_suspend.h"
#include "qvisor/phone_table.h"
#include "qvisor/phone_volume.h"
#include "qvisor/sealed_copy.h"
#include "qvisor/secret_memory.h"

#define PREFIX "snapshot-"
#define RECORD_MAX_SIZE 4096

/* An order that goes on; the phone is looked up again after each thread. */
struct order {
	struct host *host;
	char *uuid, *name;
	uint64_t kept; /* pages */
	bool cold, network;
	int64_t cpus, machine_memory_mib; /* 0: the template's */
	int64_t booted_cpus, booted_memory_mib;
	phone_done_fn done;
	void *data;
};

static struct order *order_new(
    const struct phone *phone, const char *name, phone_done_fn done, void *data)
{
	struct order *order = g_new0(struct order, 1);
	*order = (struct order){.host = phone->host,
	    .uuid = g_strdup(phone->uuid),
	    .name = g_strdup(name),
	    .done = done,
	    .data = data};
	return order;
}

static void order_free(struct order *order)
{
	g_free(order->uuid);
	g_free(order->name);
	g_free(order);
}

static void order_end(struct order *order, struct phone *phone, const GError *error)
{
	order->done(order->data, phone, error);
	order_free(order);
}

/* After a thread: the phone, or NULL when it is not there any more; then the order has ended. */
static struct phone *order_phone(struct order *order)
{
	g_autoptr(GError) lost = NULL;
	struct phone *phone = phone_table_find(order->host->phones, order->uuid, &lost);
	if (!phone)
		order_end(order, NULL, lost);
	return phone;
}

/* FOLDER/snapshot-NAME.KIND; caller frees. */
static char *path_of(const struct phone *phone, const char *name, const char *kind)
{
	return g_strdup_printf("%s/" PREFIX "%s.%s", phone->folder, name, kind);
}

static void remove_file(const struct phone *phone, const char *name, const char *kind)
{
	g_autofree char *path = path_of(phone, name, kind);
	unlink(path);
}

/* The record first: without it the rest is left over. */
static void remove_all(const struct phone *phone, const char *name)
{
	static const char *const kinds[] = {"json", "memory", "disk", "memory.part", "disk.part"};
	for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++)
		remove_file(phone, name, kinds[i]);
}

/* Seals or opens a disk with the phone's key. */
static bool copy_disk(const struct phone *phone, const char *from_path, const char *to_path,
    void (*copy)(int from, int to, const uint8_t *key, sealed_copied_fn done, void *data),
    sealed_copied_fn done, struct order *order, GError **error)
{
	AUTO_FD from = open(from_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (from < 0)
		return qvmi_error_set_errno(error, errno, "cannot read %s", from_path);
	AUTO_FD to = open(to_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (to < 0)
		return qvmi_error_set_errno(error, errno, "cannot write %s", to_path);
	SECRET uint8_t *key = phone_key_load(phone->folder, error);
	if (!key)
		return false;
	copy(fd_steal(&from), fd_steal(&to), key, done, order);
	return true;
}

static JsonNode *load(const struct phone *phone, const char *name, GError **error)
{
	g_autofree char *path = path_of(phone, name, "json");
	if (!manifest_name_valid(name) || !g_file_test(path, G_FILE_TEST_EXISTS)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
		    "the phone has no snapshot \"%s\"; GET /v1/phones/%s/snapshots lists them",
		    name, phone->uuid);
		return NULL;
	}
	return json_load_file(path, RECORD_MAX_SIZE, error);
}

/* --- take --- */

static bool store(const struct phone *phone, const struct order *order, GError **error)
{
	static const char *const kinds[] = {"memory", "disk"};
	for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autofree char *whole = path_of(phone, order->name, kinds[i]);
		g_autofree char *part = g_strconcat(whole, ".part", NULL);
		if (rename(part, whole) && errno != ENOENT)
			return qvmi_error_set_errno(error, errno, "cannot rename %s", part);
	}
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autofree char *created = g_date_time_format_iso8601(now);
	g_autofree char *path = path_of(phone, order->name, "json");
	JsonObject *root = json_object_new();
	json_object_set_int_member(root, "format", 1);
	json_object_set_string_member(root, "created", created);
	json_object_set_string_member(root, "template_folder", phone->template_base);
	json_object_set_boolean_member(root, "cold", phone->cold);
	json_object_set_boolean_member(root, "network", phone->has_network);
	json_object_set_int_member(root, "booted_cpus", phone->booted.cpus);
	json_object_set_int_member(root, "booted_memory_mib", phone->booted.memory_mib);
	json_object_set_int_member(root, "machine_cpus", phone->machine.cpus);
	json_object_set_int_member(root, "machine_memory_mib", phone->machine.memory_mib);
	json_object_set_int_member(root, "memory_mib", (int64_t)(order->kept >> 8));
	g_autoptr(JsonNode) node = json_node_of(root);
	return json_store_file(path, node, 0600, error);
}

static void take_end(struct order *order, struct phone *phone, const GError *cause)
{
	g_autoptr(GError) error = cause ? g_error_copy(cause) : NULL;
	if (!error)
		store(phone, order, &error);
	if (error)
		remove_all(phone, order->name);
	else
		g_message("phone %s: snapshot \"%s\"", phone->uuid, order->name);
	if (phone->process && phone->state == PHONE_RUNNING)
		phone_save_continue(phone);
	order_end(order, phone, error);
}

static void on_disk_sealed(void *data, const GError *error)
{
	struct order *order = data;
	struct phone *phone = order_phone(order);
	if (!phone)
		return;
	phone->busy = NULL;
	take_end(order, phone, error);
}

/* Its disk is at rest: QEMU has written it out and given it up at the end of the migration. */
static bool seal_disk(struct order *order, struct phone *phone, GError **error)
{
	g_autofree char *overlay = g_build_filename(phone->folder, "overlay.qcow2", NULL);
	g_autofree char *part = path_of(phone, order->name, "disk.part");
	if (!copy_disk(phone, overlay, part, sealed_copy_seal, on_disk_sealed, order, error))
		return false;
	phone->busy = "being snapshotted";
	return true;
}

static void on_memory_saved(
    void *data, struct phone *phone, const struct memory_figures *figures, const GError *error)
{
	struct order *order = data;
	g_autoptr(GError) wrong = NULL;
	if (error) { /* the guest goes on already, if it can */
		order_end(order, phone, error);
		return;
	}
	order->kept = figures->kept;
	if (!phone->template->manifest->disk)
		take_end(order, phone, NULL);
	else if (!seal_disk(order, phone, &wrong))
		take_end(order, phone, wrong);
}

static bool check_take(const struct phone *phone, const char *name, GError **error)
{
	g_autofree char *path = path_of(phone, name, "json");
	if (!manifest_name_valid(name)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "name: \"%.64s\" is not 1 to 32 of a-z, 0-9 and \"-\"", name);
		return false;
	}
	if (g_file_test(path, G_FILE_TEST_EXISTS)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the phone has a snapshot \"%s\" already; delete it or choose another name",
		    name);
		return false;
	}
	if (phone->volume) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the phone has the volume %s, which would not go back with its memory; detach "
		    "it "
		    "first",
		    phone->volume->id);
		return false;
	}
	if (phone_snapshot_count(phone) >= PHONE_SNAPSHOTS_MAX) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
		    "the phone has %d snapshots, which is the most; delete one",
		    PHONE_SNAPSHOTS_MAX);
		return false;
	}
	return phone_check_idle(phone, error);
}

void phone_snapshot_take(struct phone *phone, const char *name, phone_done_fn done, void *data)
{
	g_autoptr(GError) error = NULL;
	if (!check_take(phone, name, &error)) {
		done(data, phone, error);
		return;
	}
	g_autofree char *part = path_of(phone, name, "memory.part");
	phone_save(phone, part, on_memory_saved, order_new(phone, name, done, data));
}

/* --- restore --- */

static bool put_back(struct phone *phone, const struct order *order, GError **error)
{
	g_autofree char *overlay = g_build_filename(phone->folder, "overlay.qcow2", NULL);
	g_autofree char *part = g_strconcat(overlay, ".part", NULL);
	g_autofree char *memory = path_of(phone, order->name, "memory");
	g_autofree char *suspended = phone_suspend_path(phone);
	/* Memory of another time goes before the disk changes under it. */
	phone_suspend_forget(phone);
	if (phone->template->manifest->disk && rename(part, overlay))
		return qvmi_error_set_errno(error, errno, "cannot rename %s", part);
	return !link(memory, suspended) ||
	       qvmi_error_set_errno(error, errno, "cannot link %s", memory);
}

static void on_gone(void *data, struct phone *phone, const GError *cause)
{
	struct order *order = data;
	g_autoptr(GError) error = cause ? g_error_copy(cause) : NULL;
	if (!phone) {
		order_end(order, NULL, error);
		return;
	}
	phone->busy = NULL;
	if (!error && !put_back(phone, order, &error) && phone->state == PHONE_SUSPENDED)
		phone_set_state(phone, PHONE_OFF, error->message);
	if (error) {
		order_end(order, phone, error);
		return;
	}
	phone->cold = order->cold;
	phone->machine =
	    (struct phone_machine){(unsigned)order->cpus, (unsigned)order->machine_memory_mib};
	phone->booted = (struct phone_machine){
	    (unsigned)order->booted_cpus, (unsigned)order->booted_memory_mib};
	phone->has_network = order->network;
	if (phone->volume)
		phone->volume->plugged = false; /* no snapshot is taken with one */
	if (phone->state != PHONE_SUSPENDED)
		phone_set_state(phone, PHONE_SUSPENDED, NULL);
	g_message("phone %s: back to snapshot \"%s\"", phone->uuid, order->name);
	phone_done_fn done = order->done;
	void *whose = order->data;
	order_free(order);
	phone_start(phone, done, whose);
}

static void on_disk_opened(void *data, const GError *error)
{
	struct order *order = data;
	struct phone *phone = order_phone(order);
	if (!phone)
		return;
	if (error) {
		g_autoptr(GError) told = g_error_copy(error);
		g_autofree char *part = g_build_filename(phone->folder, "overlay.qcow2.part", NULL);
		g_prefix_error(
		    &told, "snapshot \"%s\" cannot be restored, its disk: ", order->name);
		unlink(part);
		phone->busy = NULL;
		order_end(order, phone, told);
		return;
	}
	phone->restarts = false;
	if (phone->state == PHONE_RUNNING)
		phone_set_state(phone, PHONE_STOPPING, "it goes back to a snapshot");
	phone_wait_gone(phone, on_gone, order);
	phone_volume_kill(phone);
}

static bool open_disk(struct order *order, struct phone *phone, GError **error)
{
	g_autofree char *disk = path_of(phone, order->name, "disk");
	g_autofree char *part = g_build_filename(phone->folder, "overlay.qcow2.part", NULL);
	return copy_disk(phone, disk, part, sealed_copy_open, on_disk_opened, order, error);
}

static bool check_restore(struct phone *phone, struct order *order, GError **error)
{
	g_autoptr(JsonNode) node = load(phone, order->name, error);
	const char *base;
	if (!node)
		return false;
	JsonObject *root = json_node_get_object(node);
	if (!(base = json_get_string(root, "template_folder", 128, error)) ||
	    !json_get_optional_bool(root, "cold", false, &order->cold, error) ||
	    !json_get_optional_bool(root, "network", false, &order->network, error) ||
	    !json_get_optional_int(root, "machine_cpus", 0, 1024, 0, &order->cpus, error) ||
	    !json_get_optional_int(
	        root, "machine_memory_mib", 0, G_MAXINT, 0, &order->machine_memory_mib, error) ||
	    !json_get_optional_int(
	        root, "booted_cpus", 0, 1024, order->cpus, &order->booted_cpus, error) ||
	    !json_get_optional_int(root, "booted_memory_mib", 0, G_MAXINT,
	        order->machine_memory_mib, &order->booted_memory_mib, error) ||
	    !phone_check_idle(phone, error))
		return false;
	if (phone->template && !strcmp(base, phone->template_base))
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
	    "the snapshot is of the template %s, and the phone is of %s", base,
	    phone->template_base);
	return false;
}

void phone_snapshot_restore(struct phone *phone, const char *name, phone_done_fn done, void *data)
{
	g_autoptr(GError) error = NULL;
	struct order *order = order_new(phone, name, done, data);
	if (!check_restore(phone, order, &error)) {
		order_end(order, phone, error);
		return;
	}
	phone->busy = "going back to a snapshot";
	if (!phone->template->manifest->disk) {
		on_disk_opened(order, NULL);
	} else if (!open_disk(order, phone, &error)) {
		phone->busy = NULL;
		order_end(order, phone, error);
	}
}

/* --- the others --- */

bool phone_snapshot_delete(struct phone *phone, const char *name, GError **error)
{
	g_autoptr(JsonNode) node = load(phone, name, error);
	/* One whose record is damaged can be deleted, too. */
	if (!node && error && g_error_matches(*error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND))
		return false;
	g_clear_error(error);
	if (!phone_check_idle(phone, error))
		return false;
	remove_all(phone, name);
	return true;
}

static int by_name(gconstpointer a, gconstpointer b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The names that files of `kind` have, "" is any; caller unrefs. */
static GPtrArray *names(const struct phone *phone, const char *kind)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
	g_autoptr(GDir) dir = g_dir_open(phone->folder, 0, NULL);
	const char *file;
	while (dir && (file = g_dir_read_name(dir))) {
		const char *dot = strchr(file, '.');
		size_t skip = strlen(PREFIX);
		if (!g_str_has_prefix(file, PREFIX) || !dot ||
		    (*kind && strcmp(dot + 1, kind) != 0))
			continue;
		g_autofree char *name = g_strndup(file + skip, (size_t)(dot - file) - skip);
		if (manifest_name_valid(name))
			g_ptr_array_add(list, g_steal_pointer(&name));
	}
	g_ptr_array_sort(list, by_name);
	return list;
}

void phone_snapshot_delete_all(const struct phone *phone)
{
	g_autoptr(GPtrArray) list = names(phone, "");
	for (unsigned i = 0; i < list->len; i++)
		remove_all(phone, g_ptr_array_index(list, i));
}

void phone_snapshot_recover(const struct phone *phone)
{
	g_autoptr(GPtrArray) list = names(phone, "");
	g_autofree char *part = g_build_filename(phone->folder, "overlay.qcow2.part", NULL);
	unlink(part);
	for (unsigned i = 0; i < list->len; i++) {
		const char *name = g_ptr_array_index(list, i);
		g_autofree char *record = path_of(phone, name, "json");
		if (!g_file_test(record, G_FILE_TEST_EXISTS))
			remove_all(phone, name);
	}
}

unsigned phone_snapshot_count(const struct phone *phone)
{
	g_autoptr(GPtrArray) list = names(phone, "json");
	return list->len;
}

static uint64_t stored(const struct phone *phone, const char *name, const char *kind)
{
	struct stat status;
	g_autofree char *path = path_of(phone, name, kind);
	return stat(path, &status) ? 0 : (uint64_t)status.st_blocks * 512;
}

JsonNode *phone_snapshot_json(const struct phone *phone)
{
	g_autoptr(GPtrArray) list = names(phone, "json");
	JsonArray *array = json_array_new();
	for (unsigned i = 0; i < list->len; i++) {
		const char *name = g_ptr_array_index(list, i);
		g_autoptr(JsonNode) node = load(phone, name, NULL);
		JsonObject *record = node ? json_node_get_object(node) : NULL;
		JsonObject *object = json_object_new();
		int64_t memory = 0;
		json_object_set_string_member(object, "name", name);
		if (record && json_get_string(record, "created", 64, NULL))
			json_object_set_string_member(
			    object, "created", json_get_string(record, "created", 64, NULL));
		if (record)
			json_get_optional_int(record, "memory_mib", 0, G_MAXINT, 0, &memory, NULL);
		json_object_set_int_member(object, "memory_mib", memory);
		json_object_set_int_member(object, "size_mib",
		    (int64_t)((stored(phone, name, "memory") + stored(phone, name, "disk")) >> 20));
		json_array_add_object_element(array, object);
	}
	JsonObject *root = json_object_new();
	json_object_set_array_member(root, "snapshots", array);
	return json_node_of(root);
}
