/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/error.h"
#include "qvisor/phone_record.h"
#include "qvisor/phone_volume_private.h"
#include "qvisor/volume_disk.h"

#define MOUNT_DEADLINE_MS 150000 /* the guest may have to check it */
#define WAIT_DEADLINE_S 240      /* a cold boot, where emulation is slow */

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

void phone_volume_fail(struct phone *phone, const GError *cause)
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

static void on_mounted(void *data, JsonObject *result, const GError *error)
{
	(void)result;
	struct phone *phone = data;
	if (is_moot(phone, error))
		return;
	if (error) {
		phone_volume_fail(phone, error);
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
	if (error && !volume_disk_is_there(error)) {
		/* What the block node says is nearer to the cause. */
		g_autoptr(GError) cause = volume->problem ? g_error_new_literal(QVMI_ERROR,
		                                                QVMI_ERROR_CORRUPT, volume->problem)
		                                          : g_error_copy(error);
		volume_disk_close(phone);
		phone_volume_fail(phone, cause);
		return;
	}
	g_clear_pointer(&volume->problem, g_free);
	volume->plugged = true;
	phone_record_store(phone, NULL);
	if (!phone->agent) {
		volume->working = false;
		return;
	}
	agent_call(phone->agent, "volume.mount", qmp_one_member("serial", VOLUME_DISK_SERIAL),
	    MOUNT_DEADLINE_MS, on_mounted, phone);
}

bool phone_volume_can_be_asked(const struct phone *phone)
{
	return phone->state == PHONE_RUNNING && phone->qmp && phone->agent &&
	       agent_connected(phone->agent);
}

void phone_volume_connect(struct phone *phone)
{
	struct phone_volume *volume = phone->volume;
	g_autoptr(GError) error = NULL;
	if (!volume || volume->mounted || volume->working || volume->leaving.done ||
	    phone->departure || !phone_volume_can_be_asked(phone))
		return;
	volume->working = true;
	g_clear_pointer(&volume->problem, g_free);
	if (!volume_disk_plug(phone, on_plugged, &error))
		phone_volume_fail(phone, error);
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
	if (phone->volume && phone->volume->plugged &&
	    !volume_disk_plug(phone, on_plugged_for_state, &error))
		g_warning("phone %s: its volume is missing: %s", phone->uuid, error->message);
}

/* --- waiting --- */

static gboolean on_deadline(void *data)
{
	struct phone *phone = data;
	g_autoptr(GError) error = g_error_new(QVMI_ERROR, QVMI_ERROR_TIMEOUT,
	    "its agent has not taken it within %d s", WAIT_DEADLINE_S);
	phone->volume->deadline = 0;
	phone_volume_fail(phone, error);
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
