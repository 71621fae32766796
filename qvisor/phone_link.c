/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What connects us to a QEMU that runs: its control socket, its guest's agent; what each tells, and
 * what a fresh clone has to be told. */
#include <string.h>
#include <sys/random.h>

#include "common/error.h"
#include "qvisor/departure.h"
#include "qvisor/folder_socket.h"
#include "qvisor/phone.h"
#include "qvisor/phone_network.h"
#include "qvisor/phone_record.h"
#include "qvisor/phone_save.h"
#include "qvisor/phone_volume.h"

#define RETRY_MS 1000
#define SEED_SIZE 64

/* --- QMP --- */

static gboolean on_retry(void *pointer);

static void phone_retry(struct phone *phone)
{
	if (!phone->retry && phone->process)
		phone->retry = g_timeout_add(RETRY_MS, on_retry, phone);
}

static void on_event(void *data, const char *name, JsonObject *payload)
{
	struct phone *phone = data;
	phone_start_event(phone, name, payload);
	phone_network_event(phone, name, payload);
	phone_volume_event(phone, name, payload);
	phone_save_event(phone, name, payload);
	departure_event(phone, name, payload);
	if (!strcmp(name, "SHUTDOWN") && payload) {
		const char *reason =
		    json_object_get_string_member_with_default(payload, "reason", "");
		phone->restarts = !strcmp(reason, "guest-reset");
		phone->switched_off =
		    !strcmp(reason, "guest-shutdown") || !strcmp(reason, "host-qmp-quit");
	} else if (!strcmp(name, "BLOCK_IO_ERROR") && payload &&
	           json_object_get_boolean_member_with_default(payload, "nospace", FALSE)) {
		g_free(phone->reason);
		phone->reason = g_strdup(
		    "the host's disk is full and the phone waits: make room, then start it");
		g_warning("phone %s: %s", phone->uuid, phone->reason);
	} else if (!strcmp(name, "RESUME") && phone->state == PHONE_RUNNING) {
		g_clear_pointer(&phone->reason, g_free);
	}
}

static void on_qmp_closed(void *data, const GError *error)
{
	struct phone *phone = data;
	qmp_free(g_steal_pointer(&phone->qmp));
	/* Nearly always the process has ended and the next thing is to be told so. */
	g_debug("phone %s: %s", phone->uuid, error->message);
	phone_retry(phone);
}

bool phone_connect(struct phone *phone, GError **error)
{
	static const struct qmp_events events = {on_event, on_qmp_closed};
	int fd = folder_socket_connect(phone->folder, "qmp.sock", error);
	if (fd < 0)
		return false;
	phone->qmp = qmp_new(fd, &events, phone);
	return true;
}

/* --- agent --- */

static void on_identity(void *data, JsonObject *result, const GError *error)
{
	(void)result;
	struct phone *phone = data;
	if (error && g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		return;
	phone->identity_set = !error;
	if (error)
		g_warning(
		    "phone %s still has its template's identity: %s", phone->uuid, error->message);
	else
		g_message("phone %s knows who it is", phone->uuid);
	phone_network_identified(phone);
	phone_record_store(phone, NULL);
	phone_volume_connect(phone);
}

static void on_hello(void *data)
{
	struct phone *phone = data;
	if (phone->identity_set) {
		phone_volume_connect(phone);
		return;
	}
	uint8_t seed[SEED_SIZE];
	if (getrandom(seed, sizeof(seed), 0) != sizeof(seed))
		g_error(
		    "getrandom(2) gives nothing"); /* the kernel's pool is ready long before us */
	g_autofree char *seed_text = g_base64_encode(seed, sizeof(seed));
	g_auto(GStrv) parts = g_strsplit(phone->uuid, "-", 0);
	g_autofree char *machine_id = g_strjoinv("", parts);
	g_autofree char *time =
	    g_strdup_printf("%" G_GINT64_FORMAT, g_get_real_time() * G_GINT64_CONSTANT(1000));
	JsonObject *identity = json_object_new();
	json_object_set_string_member(identity, "hostname", phone->name);
	json_object_set_string_member(identity, "machine_id", machine_id);
	json_object_set_string_member(identity, "seed", seed_text);
	json_object_set_string_member(identity, "time_ns", time);
	json_object_set_string_member(identity, "mac", phone->mac);
	agent_call(phone->agent, "identity.set", identity, 30000, on_identity, phone);
}

static void on_stage(void *data, enum agent_stage stage)
{
	struct phone *phone = data;
	g_info("phone %s: agent %s", phone->uuid, agent_stage_name(stage));
}

static void on_agent_closed(void *data, const GError *error)
{
	struct phone *phone = data;
	agent_free(g_steal_pointer(&phone->agent));
	g_debug("phone %s: %s", phone->uuid, error->message);
	phone_retry(phone);
}

void phone_connect_agent(struct phone *phone)
{
	static const struct agent_events events = {on_hello, on_stage, on_agent_closed};
	g_autoptr(GError) error = NULL;
	int fd = folder_socket_connect(phone->folder, "agent.sock", &error);
	if (fd < 0) {
		g_warning("phone %s: %s", phone->uuid, error->message);
		phone_retry(phone);
		return;
	}
	phone->agent = agent_new(fd, &events, phone);
}

/* --- */

static gboolean on_retry(void *pointer)
{
	struct phone *phone = pointer;
	phone->retry = 0;
	if (!phone->process || phone->start)
		return G_SOURCE_REMOVE;
	g_autoptr(GError) error = NULL;
	if (!phone->qmp && !phone_connect(phone, &error))
		phone_retry(phone);
	if (!phone->agent && !phone->save)
		phone_connect_agent(phone);
	return G_SOURCE_REMOVE;
}

void phone_disconnect(struct phone *phone)
{
	g_clear_handle_id(&phone->retry, g_source_remove);
	/* Stolen first: what they answer now may look at the phone. */
	agent_free(g_steal_pointer(&phone->agent));
	qmp_free(g_steal_pointer(&phone->qmp));
}
