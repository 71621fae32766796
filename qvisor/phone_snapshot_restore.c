/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Disk and volume are written beside those of now, and found whole; QEMU ends; they are renamed;
 * the phone is resumed from the snapshot's memory. Failures: before QEMU has ended everything is as
 * it was. After that the phone is off, with disks of which each is whole.
 */
#include <errno.h>
#include <stdio.h>
#include <unistd.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/phone_record.h"
#include "qvisor/phone_snapshot_private.h"
#include "qvisor/phone_suspend.h"
#include "qvisor/phone_volume.h"
#include "qvisor/user_volume_store.h"

static bool brings_files(const struct snapshot_order *order)
{
	return order->volume && order->files == PHONE_SNAPSHOT_FILES_BACK;
}

/* Memory that has the volume mounted fits the volume as it was, and no other. */
static bool brings_memory(const struct snapshot_order *order)
{
	return !order->volume || brings_files(order);
}

static char *overlay_of(const struct phone *phone, const char *suffix)
{
	return g_strconcat(phone->folder, "/overlay.qcow2", suffix, NULL);
}

/* --- when nothing runs --- */

static bool put_volume(const struct phone *phone, GError **error)
{
	g_autofree char *disk = snapshot_volume_disk(phone, false, error);
	g_autofree char *part = disk ? g_strconcat(disk, ".part", NULL) : NULL;
	return disk && (!rename(part, disk) ||
	                   qvmi_error_set_errno(error, errno, "cannot rename %s", part));
}

static bool put_back(struct phone *phone, const struct snapshot_order *order, GError **error)
{
	g_autofree char *overlay = overlay_of(phone, NULL);
	g_autofree char *part = overlay_of(phone, ".part");
	g_autofree char *memory = snapshot_path(phone, order->name, "memory");
	g_autofree char *suspended = phone_suspend_path(phone);
	/* Memory of another time goes before the disk changes under it. */
	phone_suspend_forget(phone);
	if (phone->template->manifest->disk && rename(part, overlay))
		return qvmi_error_set_errno(error, errno, "cannot rename %s", part);
	if (brings_files(order) && !put_volume(phone, error))
		return false;
	return !brings_memory(order) || !link(memory, suspended) ||
	       qvmi_error_set_errno(error, errno, "cannot link %s", memory);
}

/* As its memory has it, which is loaded next. */
static void set_back(struct phone *phone, const struct snapshot_order *order)
{
	phone->cold = order->cold;
	phone->machine = order->machine;
	phone->booted = order->booted;
	phone->has_network = order->network;
	if (phone->volume)
		phone->volume->plugged = phone->volume->mounted = order->volume;
	if (phone->state != PHONE_SUSPENDED)
		phone_set_state(phone, PHONE_SUSPENDED, NULL);
}

static void on_gone(void *data, struct phone *phone, const GError *cause)
{
	struct snapshot_order *order = data;
	g_autoptr(GError) error = cause ? g_error_copy(cause) : NULL;
	if (!phone) {
		snapshot_order_end(order, NULL, error);
		return;
	}
	phone->busy = NULL;
	if (!error)
		put_back(phone, order, &error);
	if ((error || !brings_memory(order)) && phone->state == PHONE_SUSPENDED)
		phone_set_state(phone, PHONE_OFF, error ? error->message : NULL);
	if (error) {
		snapshot_order_end(order, phone, error);
		return;
	}
	if (brings_memory(order))
		set_back(phone, order);
	g_message("phone %s: back to snapshot \"%s\"%s", phone->uuid, order->name,
	    brings_memory(order) ? "" : ", its user's files as they are");
	const struct phone_waiter waiter = {order->done, order->data};
	snapshot_order_free(order);
	phone_start(phone, waiter.done, waiter.data);
}

/* --- beside what runs --- */

static void fail(struct snapshot_order *order, struct phone *phone, const GError *cause)
{
	g_autoptr(GError) error = g_error_copy(cause);
	g_prefix_error(&error, "snapshot \"%s\" cannot be restored, its disk: ", order->name);
	phone->busy = NULL;
	phone_snapshot_recover(phone); /* removes what was written */
	snapshot_order_end(order, phone, error);
}

static void stop(struct snapshot_order *order, struct phone *phone)
{
	phone->restarts = false;
	if (phone->state == PHONE_RUNNING)
		phone_set_state(phone, PHONE_STOPPING, "it goes back to a snapshot");
	phone_wait_gone(phone, on_gone, order);
	phone_volume_kill(phone);
}

static void on_volume_copied(void *data, const GError *error)
{
	struct snapshot_order *order = data;
	struct phone *phone = snapshot_order_phone(order);
	if (phone && error)
		fail(order, phone, error);
	else if (phone)
		stop(order, phone);
}

static void on_disk_opened(void *data, const GError *cause)
{
	struct snapshot_order *order = data;
	struct phone *phone = snapshot_order_phone(order);
	g_autoptr(GError) error = cause ? g_error_copy(cause) : NULL;
	if (!phone)
		return;
	if (!error && !brings_files(order)) {
		stop(order, phone);
		return;
	}
	g_autofree char *copy = snapshot_path(phone, order->name, "volume");
	g_autofree char *part = error ? NULL : snapshot_volume_disk(phone, true, &error);
	if (error || !snapshot_copy(order, phone, true, copy, part, sealed_copy_as_it_is,
	                 on_volume_copied, &error))
		fail(order, phone, error);
}

/* --- may it be? --- */

static bool load(struct snapshot_order *order, const struct phone *phone, GError **error)
{
	int64_t cpus, memory_mib, booted_cpus, booted_mib;
	g_autoptr(JsonNode) node = snapshot_load(phone, order->name, error);
	JsonObject *root = node ? json_node_get_object(node) : NULL;
	const char *base = root ? json_get_string(root, "template_folder", 128, error) : NULL;
	if (!base || !json_get_optional_bool(root, "cold", false, &order->cold, error) ||
	    !json_get_optional_bool(root, "network", false, &order->network, error) ||
	    !json_get_optional_int(root, "machine_cpus", 0, 1024, 0, &cpus, error) ||
	    !json_get_optional_int(
	        root, "machine_memory_mib", 0, G_MAXINT, 0, &memory_mib, error) ||
	    !json_get_optional_int(root, "booted_cpus", 0, 1024, cpus, &booted_cpus, error) ||
	    !json_get_optional_int(
	        root, "booted_memory_mib", 0, G_MAXINT, memory_mib, &booted_mib, error))
		return false;
	order->machine = (struct phone_machine){(unsigned)cpus, (unsigned)memory_mib};
	order->booted = (struct phone_machine){(unsigned)booted_cpus, (unsigned)booted_mib};
	order->volume = g_strdup(json_get_optional_string(root, "volume", 36, NULL));
	if (phone->template && !g_strcmp0(base, phone->template_base))
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
	    "the snapshot is of the template %s, and the phone is of %s", base,
	    phone->template_base);
	return false;
}

/* Nobody's files go without an order that says so. */
static bool check_files(
    const struct snapshot_order *order, const struct phone *phone, GError **error)
{
	if (!order->volume)
		return true;
	if (!phone->volume || g_strcmp0(phone->volume->id, order->volume) != 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the snapshot was taken with the volume %s, without which nobody can read it; "
		    "attach that to the phone first",
		    order->volume);
		return false;
	}
	if (order->files != PHONE_SNAPSHOT_FILES_UNSAID)
		return true;
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
	    "the snapshot was taken with its user's files; say \"files\": \"back\" to have them as "
	    "they were then, which loses what came since, or \"keep\" to keep them and boot from "
	    "the disk as it was then");
	return false;
}

void phone_snapshot_restore(struct phone *phone, const char *name, enum phone_snapshot_files files,
    phone_done_fn done, void *data)
{
	g_autoptr(GError) error = NULL;
	struct snapshot_order *order = snapshot_order_new(phone, name, done, data);
	g_autofree char *disk = snapshot_path(phone, name, "disk");
	g_autofree char *part = overlay_of(phone, ".part");
	order->files = files;
	if (!load(order, phone, &error) || !check_files(order, phone, &error) ||
	    !phone_check_idle(phone, &error)) {
		snapshot_order_end(order, phone, error);
		return;
	}
	phone->busy = "going back to a snapshot";
	if (!phone->template->manifest->disk)
		on_disk_opened(order, NULL);
	else if (!snapshot_copy(order, phone, order->volume, disk, part, sealed_copy_open,
	             on_disk_opened, &error))
		fail(order, phone, error);
}
