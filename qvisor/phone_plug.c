/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/phone_plug.h"

#include <string.h>

#include "common/error.h"
#include "qvisor/phone_record.h"
#include "qvisor/qemu_command.h"

#define AGENT_ONLINE_MS 20000 /* longer than the agent waits (agent/PROTOCOL.md) */

/* Answers of QEMU and then of the agent that are still to come. */
struct plug {
	struct phone *phone;
	unsigned waits; /* commands without an answer */
	GError *error;  /* the first */
	phone_done_fn done;
	void *data;
};

/* DIMMs that make up what was plugged: a record may come from elsewhere. */
static unsigned dimms(const struct phone *phone, struct phone_machine machine)
{
	unsigned booted = phone_machine_booted(phone).memory_mib;
	unsigned more = machine.memory_mib > booted ? machine.memory_mib - booted : 0;
	return MIN(more / MANIFEST_DIMM_MIB, MANIFEST_DIMMS_MAX);
}

static JsonObject *device(const char *driver, const char *kind, unsigned n)
{
	g_autofree char *id = g_strdup_printf("%s%u", kind, n);
	JsonObject *device = json_object_new();
	json_object_set_string_member(device, "driver", driver);
	json_object_set_string_member(device, "id", id);
	return device;
}

/* "max-x86_64-cpu" of "max,la57=off": features that follow hold for all processors. */
static JsonObject *processor(const struct phone *phone, unsigned n)
{
	const char *model = host_emulator(phone->host, MANIFEST_X86_64).cpu;
	g_autofree char *driver =
	    g_strdup_printf("%.*s-x86_64-cpu", (int)strcspn(model, ","), model);
	JsonObject *cpu = device(driver, "cpu", n);
	json_object_set_int_member(cpu, "socket-id", 0);
	json_object_set_int_member(cpu, "core-id", n);
	json_object_set_int_member(cpu, "thread-id", 0);
	return cpu;
}

static JsonObject *dimm_memory(unsigned n)
{
	g_autofree char *id = g_strdup_printf("dimm-memory%u", n);
	JsonObject *memory = json_object_new();
	json_object_set_string_member(memory, "qom-type", "memory-backend-ram");
	json_object_set_string_member(memory, "id", id);
	json_object_set_int_member(memory, "size", (int64_t)MANIFEST_DIMM_MIB << 20);
	return memory;
}

static JsonObject *dimm(unsigned n)
{
	g_autofree char *memory = g_strdup_printf("dimm-memory%u", n);
	JsonObject *dimm = device("pc-dimm", "dimm", n);
	json_object_set_string_member(dimm, "memdev", memory);
	return dimm;
}

struct phone_machine phone_plug_part(const struct phone *phone, struct phone_machine order)
{
	const struct manifest *manifest = phone->template->manifest;
	struct phone_machine now = phone_machine_of(phone, false), part = now,
	                     booted = phone_machine_booted(phone);
	unsigned room = qemu_command_dimms(manifest, booted.memory_mib) * MANIFEST_DIMM_MIB;
	if (phone->state != PHONE_RUNNING || !phone->qmp || !phone->agent ||
	    !agent_connected(phone->agent))
		return part;
	if (order.cpus > now.cpus && order.cpus <= manifest->max_cpus)
		part.cpus = order.cpus;
	if (order.memory_mib > now.memory_mib && order.memory_mib <= booted.memory_mib + room &&
	    (order.memory_mib - now.memory_mib) % MANIFEST_DIMM_MIB == 0)
		part.memory_mib = order.memory_mib;
	return part;
}

/* --- QEMU --- */

static void plug_end(struct plug *plug)
{
	struct phone *phone = plug->phone;
	phone->busy = NULL;
	phone_record_store(phone, plug->error ? NULL : &plug->error);
	if (plug->error)
		g_warning("phone %s: %s", phone->uuid, plug->error->message);
	else
		g_message("phone %s has %u processors and %u MiB of memory now", phone->uuid,
		    phone->machine.cpus, phone->machine.memory_mib);
	plug->done(plug->data, phone, plug->error);
	g_clear_error(&plug->error);
	g_free(plug);
}

static void on_online(void *data, JsonObject *result, const GError *error)
{
	(void)result;
	struct plug *plug = data;
	if (error) {
		plug->error = g_error_copy(error);
		g_prefix_error(&plug->error, "it is plugged, and the phone does not use it yet: ");
	}
	plug_end(plug);
}

static void put_online(struct plug *plug)
{
	struct phone *phone = plug->phone;
	JsonObject *machine = json_object_new();
	if (!phone->agent || !agent_connected(phone->agent)) {
		json_object_unref(machine);
		plug->error = g_error_new_literal(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "it is plugged, and the phone's agent has gone and cannot be told");
		plug_end(plug);
		return;
	}
	json_object_set_int_member(machine, "cpus", phone->machine.cpus);
	json_object_set_int_member(machine, "memory_mib", phone->machine.memory_mib);
	agent_call(phone->agent, "machine.online", machine, AGENT_ONLINE_MS, on_online, plug);
}

static void on_plugged(struct plug *plug, const GError *error)
{
	if (error && !plug->error) {
		plug->error = g_error_copy(error);
		g_prefix_error(&plug->error, "QEMU does not plug it: ");
	}
	if (--plug->waits)
		return;
	if (plug->error)
		plug_end(plug);
	else
		put_online(plug);
}

static void on_processor(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	struct plug *plug = data;
	if (!error)
		plug->phone->machine.cpus++;
	on_plugged(plug, error);
}

static void on_dimm(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	struct plug *plug = data;
	if (!error)
		plug->phone->machine.memory_mib += MANIFEST_DIMM_MIB;
	on_plugged(plug, error);
}

static void plug_processor(struct phone *phone, unsigned n, qmp_reply_fn done, void *data)
{
	qmp_execute(phone->qmp, "device_add", processor(phone, n), -1, QMP_DEADLINE_MS, done, data);
}

static void plug_dimm(struct phone *phone, unsigned n, qmp_reply_fn done, void *data)
{
	/* May be there from a time when its DIMM was refused; what matters is that. */
	qmp_execute(phone->qmp, "object-add", dimm_memory(n), -1, QMP_DEADLINE_MS, NULL, NULL);
	qmp_execute(phone->qmp, "device_add", dimm(n), -1, QMP_DEADLINE_MS, done, data);
}

static bool check_memory(const struct phone *phone, unsigned more_mib, GError **error)
{
	const struct host *host = phone->host;
	uint64_t available = host_memory_available_mib();
	if (available >= (uint64_t)more_mib + host->memory_reserve_mib)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
	    "the host has %" G_GUINT64_FORMAT " MiB of memory available; the phone wants %u more "
	    "and %u stay in reserve. Stop a phone",
	    available, more_mib, host->memory_reserve_mib);
	return false;
}

void phone_plug(struct phone *phone, struct phone_machine machine, phone_done_fn done, void *data)
{
	g_autoptr(GError) error = NULL;
	struct phone_machine now = phone_machine_of(phone, false);
	unsigned first = dimms(phone, now), last = dimms(phone, machine);
	if (!check_memory(phone, machine.memory_mib - now.memory_mib, &error)) {
		done(data, phone, error);
		return;
	}
	struct plug *plug = g_new(struct plug, 1);
	*plug = (struct plug){.phone = phone, .done = done, .data = data};
	plug->waits = machine.cpus - now.cpus + last - first;
	phone->busy = "being given processors or memory";
	phone->machine = now; /* counted on from here */
	for (unsigned n = now.cpus; n < machine.cpus; n++)
		plug_processor(phone, n, on_processor, plug);
	for (unsigned n = first; n < last; n++)
		plug_dimm(phone, n, on_dimm, plug);
}

static void on_plugged_for_state(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	const struct phone *phone = data;
	if (error && !g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		g_warning("phone %s: what was plugged is missing: %s", phone->uuid, error->message);
}

void phone_plug_for_state(struct phone *phone)
{
	struct phone_machine now = phone_machine_of(phone, false);
	unsigned cpus = MIN(now.cpus, phone->template->manifest->max_cpus);
	for (unsigned n = phone_machine_booted(phone).cpus; n < cpus; n++)
		plug_processor(phone, n, on_plugged_for_state, phone);
	for (unsigned n = 0; n < dimms(phone, now); n++)
		plug_dimm(phone, n, on_plugged_for_state, phone);
}
