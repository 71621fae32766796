/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stopping a phone, gentlest first: the agent's power.off; at two thirds of the time, or at once
 * when there is no agent, ACPI's power button; when the time is over QEMU's "quit" (which still
 * writes out its disk caches), and SIGKILL QUIT_MS later.
 */
#include "common/error.h"
#include "qvisor/phone.h"

#define QUIT_MS 3000

struct phone_stop {
	struct phone *phone;
	unsigned timeout_ms;
	guint timer;
};

static gboolean on_kill(void *pointer)
{
	struct phone_stop *stop = pointer;
	stop->timer = 0;
	if (stop->phone->process)
		qemu_process_kill(stop->phone->process);
	return G_SOURCE_REMOVE;
}

static gboolean on_quit(void *pointer)
{
	struct phone_stop *stop = pointer;
	struct phone *phone = stop->phone;
	if (phone->qmp)
		qmp_execute(phone->qmp, "quit", NULL, -1, QUIT_MS, NULL, NULL);
	stop->timer = g_timeout_add(phone->qmp ? QUIT_MS : 0, on_kill, stop);
	return G_SOURCE_REMOVE;
}

static gboolean on_button(void *pointer)
{
	struct phone_stop *stop = pointer;
	if (stop->phone->qmp)
		qmp_execute(
		    stop->phone->qmp, "system_powerdown", NULL, -1, QMP_DEADLINE_MS, NULL, NULL);
	stop->timer = g_timeout_add(stop->timeout_ms / 3, on_quit, stop);
	return G_SOURCE_REMOVE;
}

static void on_power_off(void *data, JsonObject *result, const GError *error)
{
	(void)result;
	struct phone *phone = data;
	if (!error || !phone->stop || g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		return;
	g_message("phone %s: %s; pressing its power button", phone->uuid, error->message);
	g_clear_handle_id(&phone->stop->timer, g_source_remove);
	on_button(phone->stop);
}

void phone_stop(struct phone *phone, bool force, unsigned timeout_s, phone_done_fn done, void *data)
{
	g_autoptr(GError) error = NULL;
	if (!phone->stop && !phone_check_idle(phone, &error)) {
		if (done)
			done(data, phone, error);
		return;
	}
	phone_wait_gone(phone, done, data);
	if (!phone->process)
		return;
	phone->restarts = false;
	if (phone->state == PHONE_RUNNING)
		phone_set_state(phone, PHONE_STOPPING, NULL);
	if (phone->stop && !force)
		return; /* it is on its way */
	phone_stop_finish(phone);
	struct phone_stop *stop = phone->stop = g_new0(struct phone_stop, 1);
	stop->phone = phone;
	stop->timeout_ms = timeout_s * 1000;
	if (force) {
		on_quit(stop);
	} else if (phone->agent && agent_connected(phone->agent)) {
		stop->timer = g_timeout_add(stop->timeout_ms * 2 / 3, on_button, stop);
		agent_call(phone->agent, "power.off", NULL, AGENT_DEADLINE_MS, on_power_off, phone);
	} else {
		on_button(stop);
	}
}

void phone_stop_finish(struct phone *phone)
{
	if (!phone->stop)
		return;
	g_clear_handle_id(&phone->stop->timer, g_source_remove);
	g_clear_pointer(&phone->stop, g_free);
}
