/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Whether a phone can be started, and whether the host has room for it. */
#include "common/error.h"
#include "qvisor/folder.h"
#include "qvisor/phone.h"

/* What a clone needs is an estimate, what it may need is its whole memory. */
uint64_t phone_memory_estimate_mib(const struct manifest *manifest)
{
	return MIN(manifest->memory_mib / 4, 256);
}

bool phone_check_room(const struct phone *phone, bool cold, GError **error)
{
	const struct host *host = phone->host;
	bool next = phone->state != PHONE_SUSPENDED;
	uint64_t need = cold ? phone_machine_of(phone, next).memory_mib
	                     : phone_memory_estimate_mib(phone->template->manifest);
	uint64_t available = host_memory_available_mib();
	if (available < need + host->memory_reserve_mib) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
		    "the host has %" G_GUINT64_FORMAT
		    " MiB of memory available; a phone needs %" G_GUINT64_FORMAT
		    " and %u stay in reserve. Stop a phone",
		    available, need, host->memory_reserve_mib);
		return false;
	}
	uint64_t room = folder_free_mib(phone->folder);
	if (room < host->disk_reserve_mib) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
		    "%s has %" G_GUINT64_FORMAT " MiB of disk free, less than the %u that "
		    "host.disk-reserve-mib wants; make room",
		    host->state_folder, room, host->disk_reserve_mib);
		return false;
	}
	return true;
}

bool phone_check_start(const struct phone *phone, bool cold, GError **error)
{
	if (phone->start || phone->process || phone->state == PHONE_RUNNING) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT, "the phone is %s already",
		    phone_state_name(phone->state));
		return false;
	}
	if (phone->busy)
		return phone_check_idle(phone, error);
	if (!phone->template) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT,
		    "its template %s is not there any more; destroy the phone",
		    phone->template_base);
		return false;
	}
	return phone_check_room(phone, cold, error);
}
