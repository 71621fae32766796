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
#include "qvisor/phone_save.h"
#include "qvisor/phone_snapshot_private.h"
#include "qvisor/phone_table.h"
#include "qvisor/phone_volume.h"
#include "qvisor/secret_memory.h"
#include "qvisor/user_volume.h"
#include "qvisor/user_volume_store.h"

#define RECORD_MAX_SIZE 4096

/* --- orders --- */

struct snapshot_order *snapshot_order_new(
    const struct phone *phone, const char *name, phone_done_fn done, void *data)
{
	struct snapshot_order *order = g_new0(struct snapshot_order, 1);
	*order = (struct snapshot_order){.host = phone->host,
	    .uuid = g_strdup(phone->uuid),
	    .name = g_strdup(name),
	    .done = done,
	    .data = data};
	return order;
}

void snapshot_order_free(struct snapshot_order *order)
{
	g_free(order->uuid);
	g_free(order->name);
	g_free(order->volume);
	g_free(order);
}

void snapshot_order_end(struct snapshot_order *order, struct phone *phone, const GError *error)
{
	order->done(order->data, phone, error);
	snapshot_order_free(order);
}

struct phone *snapshot_order_phone(struct snapshot_order *order)
{
	g_autoptr(GError) lost = NULL;
	struct phone *phone = phone_table_find(order->host->phones, order->uuid, &lost);
	if (!phone)
		snapshot_order_end(order, NULL, lost);
	return phone;
}

/* --- files --- */

char *snapshot_path(const struct phone *phone, const char *name, const char *kind)
{
	return g_strdup_printf("%s/" SNAPSHOT_PREFIX "%s.%s", phone->folder, name, kind);
}

/* The record first: without it the rest is left over. */
void snapshot_remove(const struct phone *phone, const char *name)
{
	static const char *const kinds[] = {
	    "json", "memory", "disk", "volume", "memory.part", "disk.part", "volume.part"};
	for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autofree char *path = snapshot_path(phone, name, kinds[i]);
		unlink(path);
	}
}

char *snapshot_volume_disk(const struct phone *phone, bool part, GError **error)
{
	g_autofree char *folder =
	    phone->volume ? user_volume_store_find(phone->host->volumes, phone->volume->id, error)
	                  : NULL;
	return folder ? g_strconcat(folder, "/" USER_VOLUME_DISK, part ? ".part" : NULL, NULL)
	              : NULL;
}

bool snapshot_copy(struct snapshot_order *order, const struct phone *phone, bool with_volume,
    const char *from_path, const char *to_path, snapshot_copy_fn copy, sealed_copied_fn done,
    GError **error)
{
	AUTO_FD from = open(from_path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (from < 0)
		return qvmi_error_set_errno(error, errno, "cannot read %s", from_path);
	AUTO_FD to = open(to_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
	if (to < 0)
		return qvmi_error_set_errno(error, errno, "cannot write %s", to_path);
	SECRET uint8_t *key = phone_saving_key(phone, with_volume, error);
	if (!key)
		return false;
	copy(fd_steal(&from), fd_steal(&to), key, done, order);
	return true;
}

JsonNode *snapshot_load(const struct phone *phone, const char *name, GError **error)
{
	g_autofree char *path = snapshot_path(phone, name, "json");
	if (!manifest_name_valid(name) || !g_file_test(path, G_FILE_TEST_EXISTS)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
		    "the phone has no snapshot \"%s\"; GET /v1/phones/%s/snapshots lists them",
		    name, phone->uuid);
		return NULL;
	}
	return json_load_file(path, RECORD_MAX_SIZE, error);
}

/* --- what there is --- */

bool phone_snapshot_delete(struct phone *phone, const char *name, GError **error)
{
	g_autoptr(JsonNode) node = snapshot_load(phone, name, error);
	/* One whose record is damaged can be deleted, too. */
	if (!node && error && g_error_matches(*error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND))
		return false;
	g_clear_error(error);
	if (!phone_check_idle(phone, error))
		return false;
	snapshot_remove(phone, name);
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
		size_t skip = strlen(SNAPSHOT_PREFIX);
		if (!g_str_has_prefix(file, SNAPSHOT_PREFIX) || !dot ||
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
		snapshot_remove(phone, g_ptr_array_index(list, i));
}

void phone_snapshot_recover(const struct phone *phone)
{
	g_autoptr(GPtrArray) list = names(phone, "");
	g_autofree char *part = g_build_filename(phone->folder, "overlay.qcow2.part", NULL);
	g_autofree char *volume = snapshot_volume_disk(phone, true, NULL);
	unlink(part);
	if (volume)
		unlink(volume);
	for (unsigned i = 0; i < list->len; i++) {
		const char *name = g_ptr_array_index(list, i);
		g_autofree char *record = snapshot_path(phone, name, "json");
		if (!g_file_test(record, G_FILE_TEST_EXISTS))
			snapshot_remove(phone, name);
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
	g_autofree char *path = snapshot_path(phone, name, kind);
	return stat(path, &status) ? 0 : (uint64_t)status.st_blocks * 512;
}

JsonNode *phone_snapshot_json(const struct phone *phone)
{
	g_autoptr(GPtrArray) list = names(phone, "json");
	JsonArray *array = json_array_new();
	for (unsigned i = 0; i < list->len; i++) {
		const char *name = g_ptr_array_index(list, i);
		g_autoptr(JsonNode) node = snapshot_load(phone, name, NULL);
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
		    (int64_t)((stored(phone, name, "memory") + stored(phone, name, "disk") +
		                  stored(phone, name, "volume")) >>
		              20));
		if (record && json_object_has_member(record, "volume"))
			json_object_set_string_member(object, "volume",
			    json_object_get_string_member_with_default(record, "volume", ""));
		json_array_add_object_element(array, object);
	}
	JsonObject *root = json_object_new();
	json_object_set_array_member(root, "snapshots", array);
	return json_node_of(root);
}
