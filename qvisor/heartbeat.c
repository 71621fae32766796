/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/heartbeat.h"

#include <stdio.h>
#include <string.h>

#include "common/error.h"
#include "common/metrics.h"
#include "qvisor/phone.h"
#include "qvisor/phone_table.h"

enum policy { POLICY_REPORT, POLICY_STOP, POLICY_RESTART, N_POLICIES };
static const char *const policy_names[N_POLICIES] = {"report", "stop", "restart"};

struct heartbeat {
	struct host *host;
	enum policy policy;
	unsigned grace_ms;
	guint tick;
	struct metric *hung;
};

/* proc(5): a process that somebody has stopped does not come back by itself. */
static bool process_stopped(pid_t pid)
{
	g_autofree char *path = g_strdup_printf("/proc/%d/stat", (int)pid);
	g_autofree char *text = NULL;
	if (!g_file_get_contents(path, &text, NULL, NULL))
		return false;
	const char *name_end = strrchr(text, ')');
	return name_end && (name_end[2] == 'T' || name_end[2] == 't');
}

void heartbeat_reset(struct phone *phone)
{
	phone->pulse = (struct heartbeat_pulse){0};
}

static void recover(struct phone *phone)
{
	if (!phone->pulse.hung)
		return;
	phone->pulse.hung = false;
	g_clear_pointer(&phone->reason, g_free);
	g_message("phone %s answers again", phone->uuid);
}

static void on_status(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	struct phone *phone = data;
	if (g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		return; /* the phone may be on its way out */
	phone->pulse.waits = false;
	/* A refusal is an answer, too. */
	if (error && !g_error_matches(error, QVMI_ERROR, QVMI_ERROR_FAILED))
		return;
	phone->pulse.late_ms = 0;
	recover(phone);
}

static void on_restarted(void *data, struct phone *phone, const GError *error)
{
	(void)data;
	if (error && phone)
		g_warning("phone %s was hung and cannot be started again: %s", phone->uuid,
		    error->message);
}

static void on_ended(void *data, struct phone *phone, const GError *error)
{
	const struct heartbeat *heartbeat = data;
	if (!error && phone && heartbeat->policy == POLICY_RESTART && phone->state == PHONE_OFF)
		phone_start(phone, on_restarted, NULL);
}

static void find_hung(struct phone *phone)
{
	g_autofree char *reason = g_strdup_printf("its QEMU (pid %d) %s", (int)phone->process->pid,
	    process_stopped(phone->process->pid)
	        ? "is stopped by a signal; kill -CONT lets it go on"
	        : "does not answer. If that lasts, stop it with force and start it again");
	phone->pulse.hung = true;
	g_free(phone->reason);
	phone->reason = g_steal_pointer(&reason);
	g_warning("phone %s hangs: %s", phone->uuid, phone->reason);
}

static void deal_with(struct heartbeat *heartbeat, struct phone *phone)
{
	g_autofree char *reason = g_strdup_printf("it hung for %u s and was ended (phone.hung=%s)",
	    phone->pulse.late_ms / 1000, policy_names[heartbeat->policy]);
	phone_set_state(phone, PHONE_STOPPING, reason);
	phone->restarts = false;
	phone_wait_gone(phone, on_ended, heartbeat);
	qemu_process_kill(phone->process);
}

static void look_at(struct heartbeat *heartbeat, struct phone *phone)
{
	struct heartbeat_pulse *pulse = &phone->pulse;
	if (pulse->waits || !phone->qmp) {
		pulse->late_ms += HEARTBEAT_TICK_MS;
		if (!pulse->hung && pulse->late_ms >= HEARTBEAT_HUNG_MS)
			find_hung(phone);
		if (heartbeat->policy != POLICY_REPORT &&
		    pulse->late_ms >= HEARTBEAT_HUNG_MS + heartbeat->grace_ms)
			deal_with(heartbeat, phone);
		return;
	}
	pulse->waits = true;
	qmp_execute(phone->qmp, "query-status", NULL, -1, QMP_DEADLINE_MS, on_status, phone);
}

static gboolean on_tick(void *pointer)
{
	struct heartbeat *heartbeat = pointer;
	g_autoptr(GPtrArray) phones = phone_table_list(heartbeat->host->phones);
	unsigned hung = 0;
	for (unsigned i = 0; i < phones->len; i++) {
		struct phone *phone = g_ptr_array_index(phones, i);
		/* Starting and stopping have deadlines of their own. */
		if (phone->state == PHONE_RUNNING && phone->process)
			look_at(heartbeat, phone);
		hung += phone->pulse.hung;
	}
	metric_set(heartbeat->hung, NULL, hung);
	return G_SOURCE_CONTINUE;
}

struct heartbeat *heartbeat_new(struct host *host, const struct config *config, GError **error)
{
	const char *name = config_string(config, "phone", "hung");
	enum policy policy = 0;
	while (policy < N_POLICIES && strcmp(name, policy_names[policy]))
		policy++;
	if (policy == N_POLICIES) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "phone.hung is \"%s\"; it can be \"report\", \"stop\" or \"restart\"", name);
		return NULL;
	}
	struct heartbeat *heartbeat = g_new0(struct heartbeat, 1);
	heartbeat->host = host;
	heartbeat->policy = policy;
	heartbeat->grace_ms = config_int(config, "phone", "hung-grace-s") * 1000;
	heartbeat->hung =
	    metric_gauge("qvmi_phones_hung", "Phones whose QEMU does not answer", NULL);
	heartbeat->tick = g_timeout_add(HEARTBEAT_TICK_MS, on_tick, heartbeat);
	return heartbeat;
}

void heartbeat_free(struct heartbeat *heartbeat)
{
	if (!heartbeat)
		return;
	g_clear_handle_id(&heartbeat->tick, g_source_remove);
	g_free(heartbeat);
}
