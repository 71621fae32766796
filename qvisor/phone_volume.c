/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/phone_volume.h"

#include <string.h>

#include "common/error.h"
#include "qvisor/phone_record.h"
#include "qvisor/phone_table.h"
#include "qvisor/user_volume.h"
#include "qvisor/user_volume_store.h"

#define FDSET 2 /* 1 is the template's state */
#define NODE "volume"
#define KEY "volume-key"
#define DEVICE "volume0"
#define SERIAL "qvmi-volume" /* what the guest knows it by */
#define PORT "spare1"

#define MOUNT_DEADLINE_MS 150000 /* the guest may have to check it */
#define UNMOUNT_DEADLINE_MS 30000
#define WAIT_DEADLINE_S 240 /* a cold boot, where emulation is slow */
#define PULL_DEADLINE_S 30

struct phone_volume *phone_volume_new(const char *id)
{
	struct phone_volume *volume = g_new0(struct phone_volume, 1);
	volume->id = g_strdup(id);
	volume->waiters = g_ptr_array_new_with_free_func(g_free);
	return volume;
}

void phone_volume_free(struct phone_volume *volume)
{
	if (!volume)
		return;
	g_clear_handle_id(&volume->deadline, g_source_remove);
	g_clear_handle_id(&volume->pull_deadline, g_source_remove);
	g_ptr_array_unref(volume->waiters);
	g_free(volume->problem);
	g_free(volume->id);
	g_free(volume);
}

struct phone *phone_volume_holder(const struct host *host, const char *id)
{
	g_autoptr(GPtrArray) phones = phone_table_list(host->phones);
	for (unsigned i = 0; i < phones->len; i++) {
		struct phone *phone = g_ptr_array_index(phones, i);
		if (phone->volume && !strcmp(phone->volume->id, id))
			return phone;
	}
	return NULL;
}

bool phone_volume_claim(struct phone *phone, const char *id, GError **error)
{
	if (phone->volume && !strcmp(phone->volume->id, id))
		return true;
	g_autofree char *folder = user_volume_store_find(phone->host->volumes, id, error);
	if (!folder)
		return false;
	const struct phone *holder = phone_volume_holder(phone->host, id);
	if (phone->volume || holder) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "%s %s has the volume %s; detach it first",
		    phone->volume ? "this phone" : "phone",
		    phone->volume ? phone->uuid : holder->uuid,
		    phone->volume ? phone->volume->id : id);
		return false;
	}
	phone->volume = phone_volume_new(id);
	if (phone_record_store(phone, error))
		return true;
	g_clear_pointer(&phone->volume, phone_volume_free);
	return false;
}

void phone_volume_drop(struct phone *phone)
{
	g_clear_pointer(&phone->volume, phone_volume_free);
	phone_record_store(phone, NULL);
}

/* --- the end of an attempt --- */

static void answer(struct phone *phone, const GError *error)
{
	struct phone_volume *volume = phone->volume;
	g_autoptr(GPtrArray) waiters = volume->waiters;
	volume->waiters = g_ptr_array_new_with_free_func(g_free);
	volume->working = false;
	g_clear_handle_id(&volume->deadline, g_source_remove);
	phone_answer(phone, waiters, error);
}

static void fail(struct phone *phone, const GError *cause)
{
	g_autoptr(GError) error = g_error_copy(cause);
	g_prefix_error(&error, "the phone does not get its user's volume: ");
	g_free(phone->volume->problem);
	phone->volume->problem = g_strdup(error->message);
	g_warning("phone %s: %s", phone->uuid, error->message);
	answer(phone, error);
}

static bool is_moot(struct phone *phone, const GError *error)
{
	if (!phone->volume)
		return true;
	if (!error || !g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		return false;
	/* The connection has ended; the next hello, or the end of QEMU, goes on from here. */
	phone->volume->working = false;
	return true;
}

/* --- plugging --- */

static void execute(
    struct phone *phone, const char *command, JsonObject *arguments, qmp_reply_fn done)
{
	qmp_execute(phone->qmp, command, arguments, -1, QMP_DEADLINE_MS, done, phone);
}

static void remove_backend(struct phone *phone)
{
	execute(phone, "blockdev-del", qmp_one_member("node-name", NODE), NULL);
	execute(phone, "object-del", qmp_one_member("id", KEY), NULL);
	execute(phone, "remove-fd", qmp_fdset(FDSET), NULL);
}

static void on_mounted(void *data, JsonObject *result, const GError *error)
{
	(void)result;
	struct phone *phone = data;
	if (is_moot(phone, error))
		return;
	if (error) {
		fail(phone, error);
		return;
	}
	phone->volume->mounted = true;
	g_message("phone %s has the volume %s", phone->uuid, phone->volume->id);
	answer(phone, NULL);
}

static void on_plugged(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	struct phone *phone = data;
	struct phone_volume *volume = phone->volume;
	if (is_moot(phone, error))
		return;
	bool there = error && strstr(error->message, "Duplicate device ID");
	if (error && !there) {
		/* What the block node says is nearer to the cause. */
		g_autoptr(GError) cause = volume->problem ? g_error_new_literal(QVMI_ERROR,
		                                                QVMI_ERROR_CORRUPT, volume->problem)
		                                          : g_error_copy(error);
		remove_backend(phone);
		fail(phone, cause);
		return;
	}
	g_clear_pointer(&volume->problem, g_free);
	volume->plugged = true;
	phone_record_store(phone, NULL);
	if (!phone->agent) {
		volume->working = false;
		return;
	}
	agent_call(phone->agent, "volume.mount", qmp_one_member("serial", SERIAL),
	    MOUNT_DEADLINE_MS, on_mounted, phone);
}

static void on_node(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	const struct phone *phone = data;
	if (!error || !phone->volume || strstr(error->message, "Duplicate node"))
		return;
	g_free(phone->volume->problem);
	phone->volume->problem =
	    g_strdup_printf("the volume was left as it is, QEMU says: %s", error->message);
}

static JsonObject *node(void)
{
	JsonObject *node = json_object_new(), *file = json_object_new();
	g_autofree char *path = g_strdup_printf("/dev/fdset/%d", FDSET);
	json_object_set_string_member(file, "driver", "file");
	json_object_set_string_member(file, "filename", path);
	json_object_set_string_member(node, "driver", "luks");
	json_object_set_string_member(node, "node-name", NODE);
	json_object_set_string_member(node, "key-secret", KEY);
	json_object_set_object_member(node, "file", file);
	return node;
}

static JsonObject *device(void)
{
	JsonObject *device = json_object_new();
	json_object_set_string_member(device, "driver", "virtio-blk-pci");
	json_object_set_string_member(device, "id", DEVICE);
	json_object_set_string_member(device, "bus", PORT);
	json_object_set_string_member(device, "drive", NODE);
	json_object_set_string_member(device, "serial", SERIAL);
	return device;
}

/* QEMU may see no path, so it is handed the open file. */
static bool plug(struct phone *phone, qmp_reply_fn done, GError **error)
{
	g_autofree char *folder =
	    user_volume_store_find(phone->host->volumes, phone->volume->id, error);
	char *passphrase = folder ? user_volume_passphrase(folder, error) : NULL;
	int fd = passphrase ? user_volume_open(folder, error) : -1;
	if (fd >= 0) {
		JsonObject *secret = json_object_new();
		json_object_set_string_member(secret, "qom-type", "secret");
		json_object_set_string_member(secret, "id", KEY);
		json_object_set_string_member(secret, "data", passphrase);
		qmp_execute(
		    phone->qmp, "add-fd", qmp_fdset(FDSET), fd, QMP_DEADLINE_MS, NULL, NULL);
		execute(phone, "object-add", secret, NULL);
		execute(phone, "blockdev-add", node(), on_node);
		execute(phone, "device_add", device(), done);
	}
	user_volume_passphrase_free(passphrase);
	return fd >= 0;
}

static bool is_so_far(const struct phone *phone)
{
	return phone->state == PHONE_RUNNING && phone->qmp && phone->agent &&
	       agent_connected(phone->agent);
}

void phone_volume_connect(struct phone *phone)
{
	struct phone_volume *volume = phone->volume;
	g_autoptr(GError) error = NULL;
	if (!volume || volume->mounted || volume->working || volume->leaving.done ||
	    !is_so_far(phone))
		return;
	volume->working = true;
	g_clear_pointer(&volume->problem, g_free);
	if (!plug(phone, on_plugged, &error))
		fail(phone, error);
}

static void on_plugged_for_state(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	const struct phone *phone = data;
	if (error && !g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		g_warning("phone %s: its volume is missing: %s", phone->uuid, error->message);
}

/* When it cannot be, loading the state fails and says which device is missing. */
void phone_volume_plug_for_state(struct phone *phone)
{
	g_autoptr(GError) error = NULL;
	if (phone->volume && phone->volume->plugged && !plug(phone, on_plugged_for_state, &error))
		g_warning("phone %s: its volume is missing: %s", phone->uuid, error->message);
}

/* --- waiting --- */

static gboolean on_deadline(void *data)
{
	struct phone *phone = data;
	g_autoptr(GError) error = g_error_new(QVMI_ERROR, QVMI_ERROR_TIMEOUT,
	    "its agent has not taken it within %d s", WAIT_DEADLINE_S);
	phone->volume->deadline = 0;
	fail(phone, error);
	return G_SOURCE_REMOVE;
}

void phone_volume_wait(struct phone *phone, phone_done_fn done, void *data)
{
	struct phone_volume *volume = phone->volume;
	if (volume->mounted) {
		done(data, phone, NULL);
		return;
	}
	struct phone_waiter *waiter = g_new(struct phone_waiter, 1);
	*waiter = (struct phone_waiter){done, data};
	g_ptr_array_add(volume->waiters, waiter);
	if (!volume->deadline)
		volume->deadline = g_timeout_add_seconds(WAIT_DEADLINE_S, on_deadline, phone);
	phone_volume_connect(phone);
}

/* --- letting go --- */

static void leave(struct phone *phone, const GError *error)
{
	struct phone_volume *volume = phone->volume;
	struct phone_waiter leaving = volume->leaving;
	volume->leaving.done = NULL;
	g_clear_handle_id(&volume->pull_deadline, g_source_remove);
	phone->busy = NULL;
	if (!error) {
		g_message("phone %s has let go of the volume %s", phone->uuid, volume->id);
		phone_volume_drop(phone);
	}
	leaving.done(leaving.data, phone, error);
}

static gboolean on_pull_deadline(void *data)
{
	struct phone *phone = data;
	g_autoptr(GError) error = g_error_new_literal(QVMI_ERROR, QVMI_ERROR_TIMEOUT,
	    "the phone does not let go of the volume's disk; stop the phone");
	phone->volume->pull_deadline = 0;
	leave(phone, error);
	return G_SOURCE_REMOVE;
}

static void on_pull(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	struct phone *phone = data;
	if (!phone->volume || !phone->volume->leaving.done || !error ||
	    g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED) ||
	    strstr(error->message, "in the process of unplug"))
		return;
	leave(phone, error);
}

static void on_unmounted(void *data, JsonObject *result, const GError *error)
{
	(void)result;
	struct phone *phone = data;
	if (!phone->volume || !phone->volume->leaving.done ||
	    (error && g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED) && !phone->qmp))
		return;
	if (error) {
		g_autoptr(GError) conflict =
		    g_error_new_literal(QVMI_ERROR, QVMI_ERROR_CONFLICT, error->message);
		leave(phone, conflict);
		return;
	}
	phone->volume->mounted = false;
	phone->volume->pull_deadline =
	    g_timeout_add_seconds(PULL_DEADLINE_S, on_pull_deadline, phone);
	execute(phone, "device_del", qmp_one_member("id", DEVICE), on_pull);
}

void phone_volume_detach(struct phone *phone, phone_done_fn done, void *data)
{
	struct phone_volume *volume = phone->volume;
	g_autoptr(GError) error = NULL;
	bool unused = volume && (phone->process ? !volume->plugged && !volume->working
	                                        : phone->state != PHONE_SUSPENDED);
	if (!volume || (unused && !phone->start)) {
		if (volume)
			phone_volume_drop(phone);
		done(data, phone, NULL);
		return;
	}
	if (phone->state == PHONE_SUSPENDED)
		g_set_error_literal(&error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the phone is suspended with the volume; start it first");
	else if (volume->working || !is_so_far(phone))
		g_set_error_literal(&error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the phone is not so far that it can let go of the volume; try again");
	if (error || !phone_check_idle(phone, &error)) {
		done(data, phone, error);
		return;
	}
	volume->leaving = (struct phone_waiter){done, data};
	phone->busy = "being parted from its user's volume";
	agent_call(phone->agent, "volume.unmount", NULL, UNMOUNT_DEADLINE_MS, on_unmounted, phone);
}

void phone_volume_event(struct phone *phone, const char *name, JsonObject *payload)
{
	struct phone_volume *volume = phone->volume;
	if (!volume || !volume->plugged || !payload || strcmp(name, "DEVICE_DELETED") ||
	    strcmp(json_object_get_string_member_with_default(payload, "device", ""), DEVICE))
		return;
	remove_backend(phone);
	volume->plugged = volume->mounted = false;
	if (volume->leaving.done)
		leave(phone, NULL);
}

void phone_volume_process_gone(struct phone *phone)
{
	struct phone_volume *volume = phone->volume;
	if (!volume)
		return;
	volume->mounted = volume->working = false;
	/* What is suspended has the disk, as far as the guest knows. */
	volume->plugged &= phone->state == PHONE_SUSPENDED;
	if (volume->leaving.done) {
		leave(phone, NULL);
	} else if (volume->waiters->len && !phone->restarts) {
		g_autoptr(GError) error =
		    g_error_new_literal(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "the phone has ended");
		fail(phone, error);
	}
}

static void on_written(void *data, JsonObject *result, const GError *error)
{
	(void)result, (void)error;
	const struct phone *phone = data;
	if (phone->process)
		qemu_process_kill(phone->process);
}

void phone_volume_kill(struct phone *phone)
{
	if (!phone->process)
		return;
	if (phone->volume && phone->volume->mounted && phone->agent &&
	    agent_connected(phone->agent) && !phone->pulse.hung)
		agent_call(phone->agent, "disk.sync", NULL, AGENT_DEADLINE_MS, on_written, phone);
	else
		qemu_process_kill(phone->process);
}

const char *phone_volume_state(const struct phone_volume *volume)
{
	return volume->mounted ? "mounted" : volume->plugged ? "plugged" : "attached";
}
