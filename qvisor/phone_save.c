/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Happy path: "stop", "migrate" to a socket that a thread reads from; done when QEMU says
 * "completed" and the thread has the file on disk, in either order. Failures: the first one counts;
 * the socket is shut, which ends both sides, and when the thread has answered the guest goes on.
 */
#include "qvisor/phone_save.h"

#include <errno.h>
#include <openssl/hmac.h>
#include <string.h>
#include <sys/socket.h>

#include "common/error.h"
#include "qvisor/folder.h"
#include "qvisor/phone_key.h"
#include "qvisor/phone_volume.h"
#include "qvisor/secret_memory.h"
#include "qvisor/user_volume_store.h"

#define SAVE_DEADLINE_S 120
#define UNLIMITED                                                                                  \
	1000000000000 /* bytes a second: the guest waits, so nobody gains by going slow            \
	               */

struct phone_save {
	struct phone *phone; /* NULL: abandoned, only the thread is waited for */
	int socket;          /* the thread's, to end it */
	bool migrated, written;
	struct memory_figures figures;
	GError *error; /* the first */
	guint deadline;
	phone_saved_fn done;
	void *data;
};

static void save_free(struct phone_save *save)
{
	g_clear_handle_id(&save->deadline, g_source_remove);
	fd_cleanup(&save->socket);
	g_clear_error(&save->error);
	g_free(save);
}

static void save_fail(struct phone_save *save, const GError *cause)
{
	if (save->error)
		return;
	save->error = g_error_copy(cause);
	g_prefix_error(&save->error, "the phone could not be saved: ");
	shutdown(save->socket, SHUT_RDWR);
}

void phone_save_continue(struct phone *phone)
{
	if (phone->qmp)
		qmp_execute(phone->qmp, "cont", NULL, -1, QMP_DEADLINE_MS, NULL, NULL);
	phone_connect_agent(phone);
}

/* The thread has ended: nobody but us refers to `save` any more, unless QEMU has still to speak. */
static void save_end(struct phone_save *save)
{
	struct phone *phone = save->phone;
	if (!save->written || (!save->migrated && !save->error))
		return;
	phone->save = NULL;
	if (save->error) {
		g_warning("phone %s: %s", phone->uuid, save->error->message);
		if (!save->migrated && phone->qmp)
			qmp_execute(
			    phone->qmp, "migrate_cancel", NULL, -1, QMP_DEADLINE_MS, NULL, NULL);
		phone_save_continue(phone);
	}
	save->done(save->data, phone, save->error ? NULL : &save->figures, save->error);
	save_free(save);
}

static void on_file(void *data, const struct memory_figures *figures, const GError *error)
{
	struct phone_save *save = data;
	save->written = true;
	if (error)
		save_fail(save, error);
	else
		save->figures = *figures;
	if (save->phone)
		save_end(save);
	else
		save_free(save);
}

static void on_step(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	const struct phone *phone = data;
	if (error && phone->save && !g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		save_fail(phone->save, error);
}

void phone_save_event(struct phone *phone, const char *name, JsonObject *payload)
{
	struct phone_save *save = phone->save;
	if (!save || strcmp(name, "MIGRATION") != 0 || !payload)
		return;
	const char *status = json_object_get_string_member_with_default(payload, "status", "");
	if (!strcmp(status, "completed")) {
		save->migrated = true;
	} else if (!strcmp(status, "failed")) {
		g_autoptr(GError) error = g_error_new_literal(
		    QVMI_ERROR, QVMI_ERROR_FAILED, "QEMU could not write its state");
		save_fail(save, error);
	}
	save_end(save);
}

static gboolean on_deadline(void *pointer)
{
	struct phone_save *save = pointer;
	save->deadline = 0;
	g_autoptr(GError) error = g_error_new(
	    QVMI_ERROR, QVMI_ERROR_TIMEOUT, "it took longer than %d s", SAVE_DEADLINE_S);
	save_fail(save, error);
	return G_SOURCE_REMOVE;
}

static void execute(struct phone_save *save, const char *command, JsonObject *arguments, int fd)
{
	qmp_execute(
	    save->phone->qmp, command, arguments, fd, QMP_DEADLINE_MS, on_step, save->phone);
}

static void save_begin(struct phone_save *save, int socket)
{
	struct phone *phone = save->phone;
	JsonObject *parameters = json_object_new();
	json_object_set_int_member(parameters, "max-bandwidth", UNLIMITED);
	/* Saved with the port closed, so that the guest sees it open and says hello when it goes
	 * on. */
	agent_free(g_steal_pointer(&phone->agent));
	execute(save, "stop", NULL, -1);
	execute(save, "migrate-set-capabilities", qmp_migration_capabilities(), -1);
	execute(save, "migrate-set-parameters", parameters, -1);
	execute(save, "getfd", qmp_one_member("fdname", "save"), socket);
	execute(save, "migrate", qmp_one_member("uri", "fd:save"), -1);
	save->deadline = g_timeout_add_seconds(SAVE_DEADLINE_S, on_deadline, save);
}

static bool has_volume(const struct phone *phone)
{
	return phone->volume && phone->volume->plugged;
}

static uint8_t *load_volume_key(const struct phone *phone, GError **error)
{
	g_autofree char *folder =
	    user_volume_store_find(phone->host->volumes, phone->volume->id, error);
	return folder ? phone_key_load(folder, error) : NULL; /* it has one, or is not found */
}

/* RFC 2104: HMAC, of which nothing is known without the one key or without the other. */
uint8_t *phone_saving_key(const struct phone *phone, bool with_volume, GError **error)
{
	SECRET uint8_t *own = phone_key_load(phone->folder, error);
	if (!own || !with_volume)
		return g_steal_pointer(&own);
	SECRET uint8_t *volume = load_volume_key(phone, error);
	uint8_t *both = volume ? secret_new(SEALED_KEY_SIZE) : NULL;
	if (both && !HMAC(EVP_sha256(), volume, SEALED_KEY_SIZE, own, SEALED_KEY_SIZE, both, NULL))
		g_error("OpenSSL has no HMAC-SHA-256");
	return both;
}

static bool check(const struct phone *phone, GError **error)
{
	const struct host *host = phone->host;
	uint64_t room = folder_free_mib(phone->folder);
	if (!phone_check_idle(phone, error))
		return false;
	if (phone->state != PHONE_RUNNING || !phone->qmp) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT, "the phone is %s",
		    phone->state == PHONE_RUNNING ? "not connected to its QEMU; try again"
		                                  : phone_state_name(phone->state));
		return false;
	}
	if (phone->volume && phone->volume->working) {
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the phone's volume is just being mounted; try again");
		return false;
	}
	if (!phone->template) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT,
		    "its template %s is not there any more", phone->template_base);
		return false;
	}
	if (room < host->disk_reserve_mib) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED,
		    "%s has %" G_GUINT64_FORMAT " MiB of disk free, less than the %u that "
		    "host.disk-reserve-mib wants; make room",
		    host->state_folder, room, host->disk_reserve_mib);
		return false;
	}
	return true;
}

void phone_save(struct phone *phone, const char *path, phone_saved_fn done, void *data)
{
	g_autoptr(GError) error = NULL;
	SECRET uint8_t *key =
	    check(phone, &error) ? phone_saving_key(phone, has_volume(phone), &error) : NULL;
	int pair[2];
	if (!key) {
		done(data, phone, NULL, error);
		return;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		g_error("socketpair(2): %s", g_strerror(errno));
	struct phone_save *save = phone->save = g_new0(struct phone_save, 1);
	*save =
	    (struct phone_save){.phone = phone, .socket = dup(pair[0]), .done = done, .data = data};
	const char *base = phone->cold ? NULL : template_path(phone->template, "memory");
	memory_file_save(pair[0], path, key, base,
	    (uint64_t)phone_machine_booted(phone).memory_mib << 20, on_file, save);
	save_begin(save, pair[1]);
}

void phone_save_abort(struct phone *phone, const GError *cause)
{
	struct phone_save *save = phone->save;
	if (!save)
		return;
	phone->save = NULL;
	save_fail(save, cause);
	g_clear_handle_id(&save->deadline, g_source_remove);
	save->done(save->data, phone, NULL, save->error);
	save->phone = NULL;
	if (save->written)
		save_free(save);
}
