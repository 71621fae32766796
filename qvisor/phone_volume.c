/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/phone_volume.h"

#include <string.h>

#include "common/error.h"
#include "qvisor/phone_record.h"
#include "qvisor/phone_table.h"
#include "qvisor/phone_volume_private.h"
#include "qvisor/user_volume_store.h"

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

void phone_volume_abandon(const struct phone *phone)
{
	g_autoptr(GError) error = NULL;
	bool elsewhere = phone->left || (phone->arrival && !phone->established);
	if (phone->volume && elsewhere &&
	    !user_volume_store_destroy(phone->host->volumes, phone->volume->id, &error))
		g_warning("phone %s: %s", phone->uuid, error->message);
}

/* --- the phone's end --- */

void phone_volume_process_gone(struct phone *phone)
{
	struct phone_volume *volume = phone->volume;
	if (!volume)
		return;
	volume->working = false;
	/* What is suspended has the disk, and has it mounted, as far as the guest knows. */
	volume->plugged &= phone->state == PHONE_SUSPENDED;
	volume->mounted &= volume->plugged;
	if (volume->leaving.done) {
		phone_volume_leave_end(phone, NULL);
	} else if (volume->waiters->len && !phone->restarts) {
		g_autoptr(GError) error =
		    g_error_new_literal(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "the phone has ended");
		phone_volume_fail(phone, error);
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
	/* Also one that was adopted a moment ago: its agent hears this with our first words. */
	bool may_have_more = phone->volume && phone->volume->plugged && !phone->pulse.hung;
	if (may_have_more && !phone->agent)
		phone_connect_agent(phone);
	if (may_have_more && phone->agent)
		agent_call(phone->agent, "disk.sync", NULL, AGENT_DEADLINE_MS, on_written, phone);
	else
		qemu_process_kill(phone->process);
}

const char *phone_volume_state(const struct phone_volume *volume)
{
	return volume->mounted ? "mounted" : volume->plugged ? "plugged" : "attached";
}
