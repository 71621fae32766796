/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory is saved, as for suspending; then the disk is sealed, then the volume copied, one after
 * the other while the guest stands; the record; the guest goes on.
 */
#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/folder.h"
#include "qvisor/phone_save.h"
#include "qvisor/phone_snapshot_private.h"
#include "qvisor/phone_volume.h"

static JsonNode *record(const struct phone *phone, const struct snapshot_order *order)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autofree char *created = g_date_time_format_iso8601(now);
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
	if (phone->volume)
		json_object_set_string_member(root, "volume", phone->volume->id);
	return json_node_of(root);
}

static bool store(const struct phone *phone, const struct snapshot_order *order, GError **error)
{
	static const char *const kinds[] = {"memory", "disk", "volume"};
	for (unsigned i = 0; i < G_N_ELEMENTS(kinds); i++) {
		g_autofree char *whole = snapshot_path(phone, order->name, kinds[i]);
		g_autofree char *part = g_strconcat(whole, ".part", NULL);
		if (rename(part, whole) && errno != ENOENT)
			return qvmi_error_set_errno(error, errno, "cannot rename %s", part);
	}
	g_autofree char *path = snapshot_path(phone, order->name, "json");
	g_autoptr(JsonNode) node = record(phone, order);
	return json_store_file(path, node, 0600, error);
}

static void take_end(struct snapshot_order *order, struct phone *phone, const GError *cause)
{
	g_autoptr(GError) error = cause ? g_error_copy(cause) : NULL;
	if (!error)
		store(phone, order, &error);
	if (error)
		snapshot_remove(phone, order->name);
	else
		g_message("phone %s: snapshot \"%s\"", phone->uuid, order->name);
	phone->busy = NULL;
	if (phone->process && phone->state == PHONE_RUNNING)
		phone_save_continue(phone);
	snapshot_order_end(order, phone, error);
}

static void on_volume_copied(void *data, const GError *error)
{
	struct snapshot_order *order = data;
	struct phone *phone = snapshot_order_phone(order);
	if (phone)
		take_end(order, phone, error);
}

static void copy_volume(struct snapshot_order *order, struct phone *phone)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *disk = snapshot_volume_disk(phone, false, &error);
	g_autofree char *part = snapshot_path(phone, order->name, "volume.part");
	if (!phone->volume || !disk ||
	    !snapshot_copy(
	        order, phone, true, disk, part, sealed_copy_as_it_is, on_volume_copied, &error))
		take_end(order, phone, error);
}

static void on_disk_sealed(void *data, const GError *error)
{
	struct snapshot_order *order = data;
	struct phone *phone = snapshot_order_phone(order);
	if (phone && error)
		take_end(order, phone, error);
	else if (phone)
		copy_volume(order, phone);
}

/* Its disks are at rest: QEMU has written them out and given them up at the end of the migration.
 */
static void on_memory_saved(
    void *data, struct phone *phone, const struct memory_figures *figures, const GError *cause)
{
	struct snapshot_order *order = data;
	g_autoptr(GError) error = NULL;
	if (cause) { /* the guest goes on already, if it can */
		snapshot_order_end(order, phone, cause);
		return;
	}
	g_autofree char *overlay = g_build_filename(phone->folder, "overlay.qcow2", NULL);
	g_autofree char *part = snapshot_path(phone, order->name, "disk.part");
	order->kept = figures->kept;
	phone->busy = "being snapshotted";
	if (!phone->template->manifest->disk)
		copy_volume(order, phone);
	else if (!snapshot_copy(order, phone, phone->volume, overlay, part, sealed_copy_seal,
	             on_disk_sealed, &error))
		take_end(order, phone, error);
}

/* --- may it be? --- */

static bool check_name(const struct phone *phone, const char *name, GError **error)
{
	g_autofree char *path = snapshot_path(phone, name, "json");
	if (!manifest_name_valid(name))
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "name: \"%.64s\" is not 1 to 32 of a-z, 0-9 and \"-\"", name);
	else if (g_file_test(path, G_FILE_TEST_EXISTS))
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the phone has a snapshot \"%s\" already; delete it or choose another name",
		    name);
	else if (phone_snapshot_count(phone) >= PHONE_SNAPSHOTS_MAX)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
		    "the phone has %d snapshots, which is the most; delete one",
		    PHONE_SNAPSHOTS_MAX);
	else
		return true;
	return false;
}

static bool check_volume(const struct phone *phone, GError **error)
{
	struct stat status;
	if (!phone->volume)
		return true;
	if (!phone->volume->mounted) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the phone's volume %s is not mounted (yet); try again, or detach it",
		    phone->volume->id);
		return false;
	}
	g_autofree char *disk = snapshot_volume_disk(phone, false, error);
	if (!disk || stat(disk, &status))
		return disk ? qvmi_error_set_errno(error, errno, "cannot read %s", disk) : false;
	uint64_t mib = (uint64_t)status.st_blocks * 512 >> 20,
	         room = folder_free_mib(phone->folder);
	if (room >= mib + phone->host->disk_reserve_mib)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
	    "%" G_GUINT64_FORMAT
	    " MiB of disk are free; the phone's volume takes %" G_GUINT64_FORMAT
	    " and %u stay in reserve",
	    room, mib, phone->host->disk_reserve_mib);
	return false;
}

void phone_snapshot_take(struct phone *phone, const char *name, phone_done_fn done, void *data)
{
	g_autoptr(GError) error = NULL;
	if (!check_name(phone, name, &error) || !check_volume(phone, &error) ||
	    !phone_check_idle(phone, &error)) {
		done(data, phone, error);
		return;
	}
	g_autofree char *part = snapshot_path(phone, name, "memory.part");
	phone_save(phone, part, on_memory_saved, snapshot_order_new(phone, name, done, data));
}
