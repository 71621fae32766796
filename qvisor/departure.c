/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/departure.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/departure_private.h"
#include "qvisor/migration.h"
#include "qvisor/passport.h"
#include "qvisor/phone_volume.h"
#include "qvisor/user_volume_store.h"

#define TICK_MS 500
#define CANCEL_MS 5000          /* for QEMU to end what it was at */
#define DOWNTIME_MS 100         /* what is left may take so long, by QEMU's estimate */
#define PATIENCE_MS 30000       /* then the guest is stopped, however much is left */
#define UNLIMITED 1000000000000 /* bytes a second */

static void settle(struct departure *d);

void departure_free(struct departure *d)
{
	g_clear_handle_id(&d->tick, g_source_remove);
	if (d->phone)
		d->phone->departure = NULL;
	migration_link_free(d->files_link);
	migration_link_free(d->memory_link);
	migration_files_free(d->files);
	fd_cleanup(&d->socket);
	g_clear_error(&d->error);
	g_free(d->uuid);
	g_free(d->place);
	g_free(d->ticket);
	g_free(d);
}

void departure_progress(struct departure *d, double fraction, const char *stage)
{
	if (d->operation)
		operation_progress(d->operation, fraction, stage);
}

/* Nothing holds it up any more. */
void departure_fail(struct departure *d, const GError *cause)
{
	if (!d->error) {
		d->error = g_error_copy(cause);
		if (d->socket >= 0)
			shutdown(d->socket, SHUT_RDWR);
		if (d->files_link)
			migration_link_abort(d->files_link);
		if (d->memory_link)
			migration_link_abort(d->memory_link);
		if (d->qemu_at_it && d->phone && d->phone->qmp)
			qmp_execute(
			    d->phone->qmp, "migrate_cancel", NULL, -1, QMP_DEADLINE_MS, NULL, NULL);
	}
	settle(d);
}

/* Of an errand: what it made is the departure's; false after its failure has been dealt with. */
static bool errand_end(struct errand *errand)
{
	struct departure *d = errand->data;
	g_autoptr(GError) error = g_steal_pointer(&errand->error);
	errand_free(errand);
	d->errands--;
	if (!error && !d->error)
		return true;
	departure_fail(d, d->error ? d->error : error);
	return false;
}

void departure_go(struct departure *d, struct errand *errand, void (*run)(struct errand *errand),
    void (*done)(struct errand *errand))
{
	d->errands++;
	errand_go(errand, run, done, d);
}

struct errand *departure_errand(const struct departure *d)
{
	return errand_new(migration_certificate(d->host->migration), d->place, d->ticket);
}

struct errand *departure_files_errand(const struct departure *d)
{
	struct errand *errand = departure_errand(d);
	errand->link = d->files_link;
	errand->files = d->files;
	return errand;
}

/* --- it stays here --- */

static gboolean on_cancel_over(void *data)
{
	struct departure *d = data;
	d->tick = 0;
	d->qemu_at_it = false;
	settle(d);
	return G_SOURCE_REMOVE;
}

/* After a failure, when neither QEMU nor a thread is at it any more. */
static void settle(struct departure *d)
{
	struct phone *phone = d->phone;
	if (d->over || d->handed_over || !d->error)
		return;
	if (d->errands || (d->qemu_at_it && phone && phone->process)) {
		g_clear_handle_id(&d->tick, g_source_remove);
		if (d->qemu_at_it)
			d->tick = g_timeout_add(CANCEL_MS, on_cancel_over, d);
		return;
	}
	d->over = true;
	if (phone) {
		g_message("phone %s stays: %s", d->uuid, d->error->message);
		phone->busy = NULL;
		phone->departure = NULL;
		/* Stopped by its migration, it goes on. */
		if (d->live && phone->process && phone->qmp)
			qmp_execute(phone->qmp, "cont", NULL, -1, QMP_DEADLINE_MS, NULL, NULL);
		if (d->live && phone->process && !phone->agent)
			phone_connect_agent(phone);
	}
	departure_end_operation(d);
	departure_free(d);
}

/* --- memory --- */

static void on_last_files(struct errand *errand)
{
	struct departure *d = errand->data;
	if (!errand_end(errand))
		return;
	d->copied = true;
	departure_hand_over(d);
}

static void on_memory(struct errand *errand)
{
	struct departure *d = errand->data;
	d->figures = errand->figures;
	if (!errand_end(errand))
		return;
	d->loaded = true;
	departure_hand_over(d);
}

static void on_step(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	const struct phone *phone = data;
	if (error && phone->departure && !phone->departure->handed_over &&
	    !g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		departure_fail(phone->departure, error);
}

static void execute(struct departure *d, const char *command, JsonObject *arguments, int fd)
{
	qmp_execute(d->phone->qmp, command, arguments, fd, QMP_DEADLINE_MS, on_step, d->phone);
}

static void on_figures(void *data, JsonNode *result, const GError *error)
{
	struct phone *phone = data;
	struct departure *d = error ? NULL : phone->departure;
	JsonObject *ram = d && JSON_NODE_HOLDS_OBJECT(result)
	                      ? json_get_optional_object(json_node_get_object(result), "ram", NULL)
	                      : NULL;
	int64_t remaining, total;
	if (ram && json_get_int(ram, "remaining", 0, G_MAXINT64, &remaining, NULL) &&
	    json_get_int(ram, "total", 1, G_MAXINT64, &total, NULL))
		departure_progress(
		    d, 0.3 + 0.6 * (1 - (double)MIN(remaining, total) / (double)total), NULL);
}

/* A guest that writes faster than we send is stopped when it has had its time. */
static gboolean on_tick(void *data)
{
	struct departure *d = data;
	struct phone *phone = d->phone;
	if (!phone->qmp || d->migrated)
		return G_SOURCE_CONTINUE;
	qmp_execute(phone->qmp, "query-migrate", NULL, -1, QMP_DEADLINE_MS, on_figures, phone);
	bool late =
	    g_get_monotonic_time() - d->memory_begin > PATIENCE_MS * G_GINT64_CONSTANT(1000);
	if (late && !d->stopped)
		qmp_execute(phone->qmp, "stop", NULL, -1, QMP_DEADLINE_MS, NULL, NULL);
	return G_SOURCE_CONTINUE;
}

static void migrate(struct departure *d, int socket)
{
	JsonObject *parameters = json_object_new();
	json_object_set_int_member(parameters, "max-bandwidth", UNLIMITED);
	json_object_set_int_member(parameters, "downtime-limit", DOWNTIME_MS);
	d->qemu_at_it = true;
	d->memory_begin = g_get_monotonic_time();
	execute(d, "migrate-set-capabilities", qmp_migration_capabilities(), -1);
	execute(d, "migrate-set-parameters", parameters, -1);
	execute(d, "getfd", qmp_one_member("fdname", "leave"), socket);
	execute(d, "migrate", qmp_one_member("uri", "fd:leave"), -1);
	d->tick = g_timeout_add(TICK_MS, on_tick, d);
}

static void on_memory_link(struct errand *errand)
{
	struct departure *d = errand->data;
	int pair[2];
	d->memory_link = errand->link;
	if (!errand_end(errand))
		return;
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		g_error("socketpair(2): %s", g_strerror(errno));
	struct phone *phone = d->phone;
	if (!phone->qmp) {
		close(pair[0]);
		close(pair[1]);
		g_autoptr(GError) error = g_error_new_literal(QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the phone is not connected to its QEMU; try again");
		departure_fail(d, error);
		return;
	}
	d->socket = dup(pair[0]);
	departure_progress(d, 0.3, "memory");
	struct errand *memory = departure_errand(d);
	memory->link = d->memory_link;
	memory->socket = pair[0];
	memory->base = phone->cold ? NULL : g_strdup(template_path(phone->template, "memory"));
	memory->size = (uint64_t)phone_machine_booted(phone).memory_mib << 20;
	departure_go(d, memory, errand_memory, on_memory);
	migrate(d, pair[1]);
}

void departure_event(struct phone *phone, const char *name, JsonObject *payload)
{
	struct departure *d = phone->departure;
	if (!d || !d->qemu_at_it)
		return;
	if (!strcmp(name, "STOP") && !d->stopped)
		d->stopped = g_get_monotonic_time();
	if (strcmp(name, "MIGRATION") != 0 || !payload)
		return;
	const char *status = json_object_get_string_member_with_default(payload, "status", "");
	if (!strcmp(status, "completed") && !d->error) {
		/* Its disk is written out and at rest. */
		d->migrated = true;
		departure_progress(d, 0.95, "last changes");
		departure_go(d, departure_files_errand(d), errand_last_files, on_last_files);
	} else if (!strcmp(status, "failed") || !strcmp(status, "cancelled") ||
	           !strcmp(status, "completed")) {
		g_autoptr(GError) error = g_error_new_literal(
		    QVMI_ERROR, QVMI_ERROR_FAILED, "QEMU could not send the phone's memory");
		d->qemu_at_it = false;
		departure_fail(d, error);
	}
}

/* --- files --- */

static void on_files(struct errand *errand)
{
	struct departure *d = errand->data;
	d->files = errand->files;
	if (!errand_end(errand))
		return;
	if (d->live)
		departure_go(d, departure_errand(d), errand_memory_link, on_memory_link);
	else
		departure_go(d, departure_files_errand(d), errand_last_files, on_last_files);
}

static void on_files_link(struct errand *errand)
{
	struct departure *d = errand->data;
	d->files_link = errand->link;
	if (!errand_end(errand))
		return;
	struct errand *files = departure_files_errand(d);
	files->folder = g_strdup(d->phone->folder);
	if (d->phone->volume)
		files->volume =
		    user_volume_store_find(d->host->volumes, d->phone->volume->id, NULL);
	departure_go(d, files, errand_files, on_files);
}

struct departure *departure_new(struct phone *phone, const char *place, const char *ticket)
{
	struct departure *d = phone->departure = g_new0(struct departure, 1);
	*d = (struct departure){.host = phone->host,
	    .phone = phone,
	    .uuid = g_strdup(phone->uuid),
	    .place = g_strdup(place),
	    .ticket = g_strdup(ticket),
	    .live = phone->state == PHONE_RUNNING,
	    .begin = g_get_monotonic_time(),
	    .socket = -1};
	phone->busy = "being moved to another host";
	return d;
}

static bool check_volume(const struct phone *phone, GError **error)
{
	if (!phone->volume)
		return true;
	g_autofree char *folder =
	    user_volume_store_find(phone->host->volumes, phone->volume->id, error);
	return folder;
}

static bool check(const struct phone *phone, GError **error)
{
	const char *why = NULL;
	if (!phone->host->migration)
		why = "this host moves no phones: set migration.address in its configuration";
	else if (!phone->template)
		why = "its template is not there any more";
	else if (phone->volume && phone->volume->working)
		why = "its user's volume is just being mounted; try again";
	else if (phone->state == PHONE_RUNNING ? !phone->qmp : phone->process != NULL)
		why = "it is not connected to its QEMU, or that is just ending; try again";
	else if (phone->state == PHONE_CREATING || phone->state == PHONE_STOPPING)
		why = "it is being started or stopped; try again";
	if (why)
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_CONFLICT, "the phone cannot be moved: %s", why);
	return !why && phone_check_idle(phone, error) && check_volume(phone, error);
}

static void on_cancelled(GCancellable *cancellable, void *data)
{
	struct departure *d = data;
	(void)cancellable;
	g_autoptr(GError) error =
	    g_error_new_literal(QVMI_ERROR, QVMI_ERROR_CANCELLED, "moving it was cancelled");
	if (!d->handed_over && !d->error)
		departure_fail(d, error);
}

struct operation *departure_begin(
    struct phone *phone, const char *place, const char *ticket, GError **error)
{
	struct departure *d = phone->departure;
	if (d && d->operation && !strcmp(d->place, place) && !strcmp(d->ticket, ticket))
		return d->operation;
	if (!check(phone, error))
		return NULL;
	d = departure_new(phone, place, ticket);
	d->operation = operation_start(phone->host->operations, "migrate", phone->uuid);
	d->cancelled = g_signal_connect(
	    operation_cancellable(d->operation), "cancelled", G_CALLBACK(on_cancelled), d);
	departure_progress(d, 0, "files");
	struct errand *errand = departure_errand(d);
	errand->passport = passport_issue(phone);
	departure_go(d, errand, errand_files_link, on_files_link);
	return d->operation;
}

const char *departure_place(const struct phone *phone)
{
	return phone->departure ? phone->departure->place : phone->leaving_to;
}

bool departure_check(const struct phone *phone, GError **error)
{
	if (!phone->leaving_to)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
	    "the phone was handed over to %s, which has to say whether it runs there",
	    phone->leaving_to);
	return false;
}

void departure_abort(struct phone *phone, const GError *cause)
{
	struct departure *d = phone->departure;
	if (!d)
		return;
	d->phone = NULL;
	phone->departure = NULL;
	if (!d->handed_over)
		departure_fail(d, cause);
}

void departure_exited(struct phone *phone, const char *how)
{
	struct departure *d = phone->departure;
	if (!d || d->handed_over)
		return;
	g_autoptr(GError) error = g_error_new(QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "QEMU %s", how);
	d->qemu_at_it = false;
	departure_fail(d, error);
}
