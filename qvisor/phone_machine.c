/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A phone's processors and memory. A clone has those of its template, since its memory is; a phone
 * that boots from its own disk has what was ordered (docs/decisions/138), and either can be given
 * more while it runs (docs/decisions/170). */
#include <unistd.h>

#include "common/error.h"
#include "qvisor/phone.h"
#include "qvisor/phone_plug.h"
#include "qvisor/phone_record.h"

static struct phone_machine filled(const struct phone *phone, struct phone_machine machine)
{
	const struct manifest *manifest = phone->template->manifest;
	if (!machine.cpus)
		machine.cpus = manifest->cpus;
	if (!machine.memory_mib)
		machine.memory_mib = manifest->memory_mib;
	return machine;
}

struct phone_machine phone_machine_of(const struct phone *phone, bool next)
{
	return filled(phone, next ? phone->wanted : phone->machine);
}

struct phone_machine phone_machine_booted(const struct phone *phone)
{
	return filled(phone, phone->booted);
}

static bool host_has(struct phone_machine machine, GError **error)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN);
	long memory_mib = sysconf(_SC_PHYS_PAGES) / 1024 * (sysconf(_SC_PAGESIZE) / 1024);
	if (machine.cpus > cpus)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "cpus is %u, and this host has %ld; ask for fewer", machine.cpus, cpus);
	else if (machine.memory_mib > memory_mib)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "memory_mib is %u, and this host has %ld MiB; ask for less", machine.memory_mib,
		    memory_mib);
	else
		return true;
	return false;
}

/* What the order comes to now, of a machine that is all it can be given. */
static bool order(struct phone *phone, struct phone_machine machine, bool at_once, GError **error)
{
	struct phone_machine before = phone->wanted;
	if (!host_has(machine, error))
		return false;
	if (!phone->template || !phone->template->manifest->disk) {
		if (at_once)
			return true; /* for as long as it runs */
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the phone has no disk to boot from with another machine; it is its template's "
		    "clone each time");
		return false;
	}
	if (machine.cpus)
		phone->wanted.cpus = machine.cpus;
	if (machine.memory_mib)
		phone->wanted.memory_mib = machine.memory_mib;
	if (phone_record_store(phone, error))
		return true;
	phone->wanted = before;
	return false;
}

void phone_machine_change(
    struct phone *phone, struct phone_machine machine, phone_done_fn done, void *data)
{
	g_autoptr(GError) error = NULL;
	struct phone_machine now = {0}, soon = {0};
	if (phone->template) {
		now = phone_machine_of(phone, false);
		soon = phone_plug_part(phone, machine);
	}
	bool at_once = (!machine.cpus || machine.cpus == soon.cpus) &&
	               (!machine.memory_mib || machine.memory_mib == soon.memory_mib);
	bool plugs = soon.cpus > now.cpus || soon.memory_mib > now.memory_mib;
	if (plugs && !phone_check_idle(phone, &error)) {
		done(data, phone, error);
		return;
	}
	if (!order(phone, machine, at_once, &error) || !plugs)
		done(data, phone, error);
	else
		phone_plug(phone, soon, done, data);
}
