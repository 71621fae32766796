/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the API tells of a phone. */
#include "common/json_writer.h"
#include "qvisor/departure.h"
#include "qvisor/phone.h"
#include "qvisor/phone_volume.h"

static void write_agent(const struct phone *phone, GString *text)
{
	bool connected = phone->agent && agent_connected(phone->agent);
	json_write_open(text, "agent", '{');
	json_write_bool(text, "connected", connected);
	json_write_bool(text, "ready",
	    connected && !phone->pulse.hung && agent_current_stage(phone->agent) == AGENT_READY);
	json_write_bool(text, "identity", phone->identity_set);
	json_write_close(text, '}');
}

static void write_machine(const struct phone *phone, GString *text)
{
	const struct manifest *manifest = phone->template->manifest;
	struct phone_machine now = phone_machine_of(phone, false);
	struct phone_machine next = phone_machine_of(phone, true);
	json_write_int(text, "cpus", now.cpus);
	json_write_int(text, "memory_mib", now.memory_mib);
	if (next.cpus != now.cpus || next.memory_mib != now.memory_mib) {
		json_write_open(text, "next_start", '{');
		json_write_int(text, "cpus", next.cpus);
		json_write_int(text, "memory_mib", next.memory_mib);
		json_write_close(text, '}');
	}
	json_write_open(text, "screen", '{');
	json_write_int(text, "width", manifest->width);
	json_write_int(text, "height", manifest->height);
	json_write_close(text, '}');
	json_write_int(text, "touch_points", manifest_touch_points(manifest));
}

static void write_volume(const struct phone_volume *volume, GString *text)
{
	json_write_open(text, "volume", '{');
	json_write_string(text, "id", volume->id);
	json_write_string(text, "state", phone_volume_state(volume));
	if (volume->problem)
		json_write_string(text, "problem", volume->problem);
	json_write_close(text, '}');
}

void phone_write_json(const struct phone *phone, GString *text)
{
	json_write_open(text, NULL, '{');
	json_write_string(text, "uuid", phone->uuid);
	json_write_string(text, "name", phone->name);
	json_write_string(text, "mac", phone->mac);
	json_write_string(text, "template", phone->template_name);
	json_write_string(text, "host", phone->host->id);
	json_write_string(text, "state", phone_state_name(phone->state));
	if (phone->reason)
		json_write_string(text, "reason", phone->reason);
	if (phone->state == PHONE_RUNNING)
		json_write_string(text, "health", phone->pulse.hung ? "hung" : "ok");
	if (departure_place(phone))
		json_write_string(text, "moving_to", departure_place(phone));
	if (phone->process)
		json_write_int(text, "pid", phone->process->pid);
	json_write_string(text, "created", phone->created);
	json_write_int(text, "clone_ms", phone->clone_ms);
	if (phone->template)
		write_machine(phone, text);
	write_agent(phone, text);
	if (phone->reach)
		json_write_string(text, "network", phone->reach);
	if (phone->volume)
		write_volume(phone->volume, text);
	json_write_close(text, '}');
}
