/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/phone.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "common/metrics.h"
#include "qvisor/departure.h"
#include "qvisor/folder.h"
#include "qvisor/phone_record.h"
#include "qvisor/phone_save.h"
#include "qvisor/phone_table.h"
#include "qvisor/phone_volume.h"
#include "qvisor/template_store.h"

static const char *const state_names[PHONE_N_STATES] = {
    [PHONE_CREATING] = "creating",
    [PHONE_RUNNING] = "running",
    [PHONE_STOPPING] = "stopping",
    [PHONE_SUSPENDED] = "suspended",
    [PHONE_OFF] = "off",
    [PHONE_FAILED] = "failed",
};

/* The life cycle: legal[from] has a bit for each state that may follow. */
#define TO(state) (1U << PHONE_##state)
static const unsigned legal[PHONE_N_STATES] = {
    [PHONE_CREATING] = TO(RUNNING) | TO(FAILED) | TO(OFF) | TO(SUSPENDED),
    [PHONE_RUNNING] = TO(STOPPING) | TO(OFF) | TO(FAILED) | TO(SUSPENDED),
    [PHONE_STOPPING] = TO(OFF) | TO(FAILED),
    [PHONE_SUSPENDED] = TO(CREATING) | TO(OFF),
    [PHONE_OFF] = TO(CREATING) | TO(SUSPENDED),
    [PHONE_FAILED] = TO(CREATING) | TO(SUSPENDED),
};
#undef TO

const char *phone_state_name(enum phone_state state)
{
	return state_names[state];
}

bool phone_transition_legal(enum phone_state from, enum phone_state to)
{
	return legal[from] & (1U << to);
}

void phone_set_state(struct phone *phone, enum phone_state state, const char *reason)
{
	if (!phone_transition_legal(phone->state, state))
		g_error("phone %s: no way from %s to %s", phone->uuid, state_names[phone->state],
		    state_names[state]);
	bool was_starting = phone->state == PHONE_CREATING;
	phone->state = state;
	char *copy = g_strdup(reason);
	g_free(phone->reason);
	phone->reason = copy;
	g_autoptr(GError) error = NULL;
	/* One that never ran is about to go: nobody will ask for its record. */
	bool passing = state == PHONE_FAILED && !phone->established;
	if (!passing && !phone_record_store(phone, &error))
		g_warning(
		    "phone %s: its record cannot be written: %s", phone->uuid, error->message);
	if (state == PHONE_FAILED && was_starting)
		return; /* whoever wanted it started is told, and logs it */
	if (state == PHONE_FAILED)
		g_warning("phone %s failed: %s", phone->uuid, copy ? copy : "");
	else
		g_message("phone %s is %s%s%s", phone->uuid, state_names[state], copy ? ": " : "",
		    copy ? copy : "");
}

/* A locally administered, unicast address (IEEE 802, U/L bit) from the uuid: the same as long as
 * the phone lives. */
static char *mac_of(const char *uuid)
{
	g_autoptr(GChecksum) sum = g_checksum_new(G_CHECKSUM_SHA256);
	guint8 digest[32];
	gsize n = sizeof(digest);
	g_checksum_update(sum, (const guchar *)uuid, -1);
	g_checksum_get_digest(sum, digest, &n);
	return g_strdup_printf(
	    "02:%02x:%02x:%02x:%02x:%02x", digest[0], digest[1], digest[2], digest[3], digest[4]);
}

struct phone *phone_new(struct host *host, struct template *template, const char *uuid,
    const char *name, const char *idempotency_key, const char *digest, GError **error)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	AUTO(phone) phone = g_new0(struct phone, 1);
	phone->host = host;
	phone->uuid = uuid ? g_strdup(uuid) : g_uuid_string_random();
	phone->name = name ? g_strdup(name) : g_strdup_printf("phone-%.8s", phone->uuid);
	phone->mac = mac_of(phone->uuid);
	phone->folder = g_build_filename(host->state_folder, phone->uuid, NULL);
	phone->created = g_date_time_format_iso8601(now);
	phone->state = PHONE_CREATING;
	phone->template_name = g_strdup(template->name);
	phone->template_base = g_path_get_basename(template->folder);
	phone->template = template_ref(template);
	template_store_hold(host->templates, template);
	phone->idempotency_key = g_strdup(idempotency_key);
	phone->request_digest = g_strdup(digest);
	if (folder_make(phone->folder, error) && phone_record_store(phone, error))
		return g_steal_pointer(&phone);
	folder_delete(phone->folder, NULL);
	return NULL;
}

/* The folder keeps the process, its sockets and its disk: QEMU works in it and knows no path. */
bool phone_become(struct phone *phone, const char *uuid, const char *name,
    const char *idempotency_key, const char *digest, GError **error)
{
	g_autoptr(GDateTime) now = g_date_time_new_now_utc();
	g_autofree char *folder =
	    g_build_filename(phone->host->state_folder, uuid ? uuid : phone->uuid, NULL);
	if (strcmp(folder, phone->folder) && rename(phone->folder, folder)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot rename %s: %s",
		    phone->folder, g_strerror(errno));
		return false;
	}
	g_free(phone->folder);
	phone->folder = g_steal_pointer(&folder);
	if (uuid) {
		g_free(phone->uuid);
		phone->uuid = g_strdup(uuid);
	}
	g_free(phone->mac);
	g_free(phone->name);
	g_free(phone->created);
	phone->mac = mac_of(phone->uuid);
	phone->name = name ? g_strdup(name) : g_strdup_printf("phone-%.8s", phone->uuid);
	phone->created = g_date_time_format_iso8601(now);
	phone->idempotency_key = g_strdup(idempotency_key);
	phone->request_digest = g_strdup(digest);
	return phone_record_store(phone, error);
}

void phone_free(struct phone *phone)
{
	if (!phone)
		return;
	if (phone->start) {
		g_autoptr(GError) error =
		    g_error_new_literal(QVMI_ERROR, QVMI_ERROR_CANCELLED, "qvisord ends");
		phone_start_abort(phone, error);
	}
	if (phone->save) {
		g_autoptr(GError) error =
		    g_error_new_literal(QVMI_ERROR, QVMI_ERROR_CANCELLED, "qvisord ends");
		phone_save_abort(phone, error);
	}
	if (phone->departure) {
		g_autoptr(GError) error =
		    g_error_new_literal(QVMI_ERROR, QVMI_ERROR_CANCELLED, "qvisord ends");
		departure_abort(phone, error);
	}
	phone_stop_finish(phone);
	phone_disconnect(phone);
	g_clear_pointer(&phone->meter, performance_meter_free);
	g_clear_pointer(&phone->process, qemu_process_free);
	phone_volume_free(phone->volume);
	if (phone->template) {
		template_store_release(phone->host->templates, phone->template);
		template_free(phone->template);
	}
	g_clear_pointer(&phone->gone, g_ptr_array_unref);
	g_free(phone->uuid);
	g_free(phone->name);
	g_free(phone->mac);
	g_free(phone->folder);
	g_free(phone->created);
	g_free(phone->template_name);
	g_free(phone->template_base);
	g_free(phone->reach);
	g_free(phone->reason);
	g_free(phone->idempotency_key);
	g_free(phone->request_digest);
	g_free(phone->arrival);
	g_free(phone->leaving_to);
	g_free(phone->leaving_ticket);
	g_free(phone);
}

bool phone_check_idle(const struct phone *phone, GError **error)
{
	const char *what = phone->busy    ? phone->busy
	                   : phone->start ? "being started"
	                   : phone->save  ? "being saved"
	                   : phone->stop  ? "being stopped"
	                                  : NULL;
	if (what)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the phone is %s; try again when that is done", what);
	return !what;
}

/* --- the end of its process --- */

static void phone_when_gone(struct phone *phone, phone_done_fn done, void *data)
{
	struct phone_waiter *waiter = g_new(struct phone_waiter, 1);
	*waiter = (struct phone_waiter){done, data};
	if (!phone->gone)
		phone->gone = g_ptr_array_new_with_free_func(g_free);
	g_ptr_array_add(phone->gone, waiter);
}

static void on_restarted(void *data, struct phone *phone, const GError *error)
{
	(void)data;
	if (error && phone)
		g_warning("phone %s restarted itself: %s", phone->uuid, error->message);
}

void phone_exited(void *data, const char *how)
{
	struct phone *phone = data;
	g_clear_pointer(&phone->process, qemu_process_free);
	heartbeat_reset(phone);
	bool starting = phone->start;
	if (starting)
		phone_start_exited(phone, how);
	if (phone->save) {
		g_autoptr(GError) error =
		    g_error_new(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "QEMU %s", how);
		phone_save_abort(phone, error);
	}
	departure_exited(phone, how);
	phone_disconnect(phone);
	if (starting) {
		/* said already */
	} else if (phone->state == PHONE_STOPPING) {
		phone_set_state(phone, PHONE_OFF, phone->reason);
	} else if (phone->state == PHONE_RUNNING && (phone->switched_off || phone->restarts)) {
		phone_set_state(phone, PHONE_OFF,
		    phone->restarts ? "it restarts itself" : "it switched itself off");
	} else if (phone->state == PHONE_RUNNING) {
		g_autofree char *words = qemu_process_last_words(phone->folder);
		g_autofree char *reason = g_strdup_printf("QEMU %s%s%s%s. Start the phone again",
		    how, *words ? " (" : "", words, *words ? ")" : "");
		phone_set_state(phone, PHONE_FAILED, reason);
	} else if (phone->state == PHONE_SUSPENDED) {
		phone_record_store(phone, NULL); /* its process is gone */
	}
	phone_stop_finish(phone);
	phone_volume_process_gone(phone);
	bool restart = phone->restarts && phone->state == PHONE_OFF;
	g_autoptr(GPtrArray) gone = g_steal_pointer(&phone->gone);
	if (restart && !gone)
		phone_start(phone, on_restarted, NULL);
	if (gone)
		phone_answer(phone, gone, NULL);
}

void phone_answer(struct phone *phone, GPtrArray *waiters, const GError *error)
{
	struct host *host = phone->host;
	g_autofree char *uuid = g_strdup(phone->uuid);
	for (unsigned i = 0; i < waiters->len; i++) {
		struct phone_waiter *waiter = g_ptr_array_index(waiters, i);
		g_autoptr(GError) lost = NULL;
		/* The one before may have destroyed it. */
		struct phone *still = phone_table_find(host->phones, uuid, &lost);
		if (waiter->done)
			waiter->done(waiter->data, still, error ? error : lost);
	}
}

struct later {
	struct phone_waiter waiter;
	struct host *host;
	char *uuid;
};

static gboolean on_later(void *data)
{
	g_autofree struct later *later = data;
	g_autofree char *uuid = later->uuid;
	struct phone *phone = phone_table_find(later->host->phones, uuid, NULL);
	g_autoptr(GError) error = NULL;
	if (!phone)
		error = g_error_new(
		    QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "the phone %s was destroyed meanwhile", uuid);
	if (later->waiter.done)
		later->waiter.done(later->waiter.data, phone, error);
	return G_SOURCE_REMOVE;
}

/* When nothing runs the answer comes from the main loop all the same. */
void phone_wait_gone(struct phone *phone, phone_done_fn done, void *data)
{
	if (phone->process) {
		phone_when_gone(phone, done, data);
		return;
	}
	struct later *later = g_new(struct later, 1);
	*later = (struct later){{done, data}, phone->host, g_strdup(phone->uuid)};
	g_idle_add(on_later, later);
}

struct destruction {
	phone_done_fn done;
	void *data;
};

static void on_gone(void *data, struct phone *phone, const GError *error)
{
	g_autofree struct destruction *destruction = data;
	g_autoptr(GError) failure = NULL;
	if (phone) {
		g_message("phone %s is destroyed", phone->uuid);
		phone_volume_abandon(phone);
		folder_delete(phone->folder, &failure);
		phone_table_remove(phone->host->phones, phone);
	} else if (!g_error_matches(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND)) {
		failure = g_error_copy(error);
	}
	if (destruction->done)
		destruction->done(destruction->data, NULL, failure);
}

void phone_destroy(struct phone *phone, phone_done_fn done, void *data)
{
	struct destruction *destruction = g_new(struct destruction, 1);
	*destruction = (struct destruction){done, data};
	if (phone->start) {
		g_autoptr(GError) error = g_error_new_literal(
		    QVMI_ERROR, QVMI_ERROR_CANCELLED, "the phone is being destroyed");
		phone_start_abort(phone, error);
	}
	if (phone->save) {
		g_autoptr(GError) error = g_error_new_literal(
		    QVMI_ERROR, QVMI_ERROR_CANCELLED, "the phone is being destroyed");
		phone_save_abort(phone, error);
	}
	if (phone->departure) {
		g_autoptr(GError) error = g_error_new_literal(
		    QVMI_ERROR, QVMI_ERROR_CANCELLED, "the phone is being destroyed");
		departure_abort(phone, error);
	}
	phone->restarts = false;
	if (phone->state == PHONE_RUNNING)
		phone_set_state(phone, PHONE_STOPPING, "it is being destroyed");
	phone_wait_gone(phone, on_gone, destruction);
	phone_volume_kill(phone);
}
