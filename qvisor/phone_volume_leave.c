/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "common/error.h"
#include "qvisor/phone_volume_private.h"
#include "qvisor/volume_disk.h"

#define UNMOUNT_DEADLINE_MS 30000
#define PULL_DEADLINE_S 30

void phone_volume_leave_end(struct phone *phone, const GError *error)
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
	phone_volume_leave_end(phone, error);
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
	phone_volume_leave_end(phone, error);
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
		phone_volume_leave_end(phone, conflict);
		return;
	}
	phone->volume->mounted = false;
	phone->volume->pull_deadline =
	    g_timeout_add_seconds(PULL_DEADLINE_S, on_pull_deadline, phone);
	volume_disk_pull(phone, on_pull);
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
	else if (volume->working || !phone_volume_can_be_asked(phone))
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
	if (!volume || !volume->plugged || !volume_disk_is_gone(name, payload))
		return;
	volume_disk_close(phone);
	volume->plugged = volume->mounted = false;
	if (volume->leaving.done)
		phone_volume_leave_end(phone, NULL);
}
