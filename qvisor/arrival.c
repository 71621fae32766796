/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/arrival.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "common/error.h"
#include "common/json.h"
#include "qvisor/arrival_phone.h"
#include "qvisor/folder.h"
#include "qvisor/phone_table.h"
#include "qvisor/phone_volume.h"
#include "qvisor/user_volume_store.h"

#define MARKS ".arrivals"

struct arrival {
	struct host *host;
	char *ticket, *uuid, *from;
	enum phone_state state; /* that it had */
	bool begun, loaded, taken, over;
	struct visit *files, *memory; /* in their threads */
	struct visit *brought; /* all the memory, and waits to hear that QEMU has loaded it */
	struct visit *asking;  /* is to be told whether it runs */
	void (*ended)(void *data, struct arrival *arrival);
	void *data;
};

/* --- marks --- */

static char *mark_path(const struct host *host, const char *ticket)
{
	return g_build_filename(host->state_folder, MARKS, ticket, NULL);
}

/* On the disk, with its name, before it counts. */
static bool mark(const struct host *host, const char *ticket, GError **error)
{
	g_autofree char *path = mark_path(host, ticket);
	g_autofree char *parent = g_path_get_dirname(path);
	if (!folder_make(parent, error))
		return false;
	AUTO_FD fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	AUTO_FD folder = open(parent, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd >= 0 && folder >= 0 && !fsync(fd) && !fsync(folder))
		return true;
	qvmi_error_set_errno(error, errno, "cannot write %s", path);
	unlink(path);
	return false;
}

bool arrival_was_taken(const struct host *host, const char *ticket)
{
	g_autofree char *path = mark_path(host, ticket);
	return g_uuid_string_is_valid(ticket) && g_file_test(path, G_FILE_TEST_EXISTS);
}

void arrival_forget(const struct host *host, const char *ticket)
{
	g_autofree char *path = mark_path(host, ticket);
	if (g_uuid_string_is_valid(ticket))
		unlink(path);
}

/* --- */

struct arrival *arrival_new(struct host *host, const char *uuid, const char *from)
{
	struct arrival *arrival = g_new0(struct arrival, 1);
	*arrival = (struct arrival){.host = host,
	    .ticket = g_uuid_string_random(),
	    .uuid = g_strdup(uuid),
	    .from = g_strdup(from)};
	return arrival;
}

const char *arrival_ticket(const struct arrival *arrival)
{
	return arrival->ticket;
}

const char *arrival_uuid(const struct arrival *arrival)
{
	return arrival->uuid;
}

const char *arrival_from(const struct arrival *arrival)
{
	return arrival->from;
}

bool arrival_has_begun(const struct arrival *arrival)
{
	return arrival->begun;
}

void arrival_set_end(
    struct arrival *arrival, void (*ended)(void *data, struct arrival *arrival), void *data)
{
	arrival->ended = ended;
	arrival->data = data;
}

/* Ours, and not another one that has its uuid by now. */
static struct phone *arrival_phone(const struct arrival *arrival)
{
	struct phone *phone = phone_table_find(arrival->host->phones, arrival->uuid, NULL);
	return phone && !g_strcmp0(phone->arrival, arrival->ticket) ? phone : NULL;
}

/* Its thread ends, and then the visit. */
static void let_go(struct visit **visit)
{
	if (*visit) {
		(*visit)->data = NULL;
		migration_link_abort((*visit)->link);
	}
	*visit = NULL;
}

static void answer(struct arrival *arrival, const GError *trouble)
{
	struct visit *visit = g_steal_pointer(&arrival->asking);
	if (!visit)
		return;
	if (!strcmp(visit->purpose, "files"))
		visit_answer_files(visit, trouble);
	else
		visit_say(visit, "runs", !trouble);
	visit_free(visit);
}

void arrival_free(struct arrival *arrival)
{
	if (!arrival)
		return;
	struct phone *phone = arrival->taken ? NULL : arrival_phone(arrival);
	arrival->over = true;
	let_go(&arrival->files);
	let_go(&arrival->memory);
	visit_free(arrival->brought);
	visit_free(arrival->asking);
	if (phone)
		phone_destroy(phone, NULL, NULL);
	g_free(arrival->ticket);
	g_free(arrival->uuid);
	g_free(arrival->from);
	g_free(arrival);
}

static void end(struct arrival *arrival)
{
	arrival->ended(arrival->data, arrival);
}

static void fail(struct arrival *arrival, const GError *error)
{
	g_message("phone %s does not come from host %s: %s", arrival->uuid, arrival->from,
	    error->message);
	answer(arrival, error);
	end(arrival);
}

/* --- taking over --- */

static void on_runs(void *data, struct phone *phone, const GError *error)
{
	struct arrival *arrival = data;
	if (phone)
		phone->busy = NULL;
	if (error) {
		/* QEMU has refused to go on, or is dead: its guest has not run here, and the
		 * other host has it still. */
		arrival_forget(arrival->host, arrival->ticket);
		arrival->taken = false;
		fail(arrival, error);
		return;
	}
	g_message("phone %s has come from host %s", arrival->uuid, arrival->from);
	answer(arrival, NULL);
	end(arrival);
}

/* QEMU looks for it where volumes are. */
static bool has_volume(const struct phone *phone, GError **error)
{
	return !phone->volume ||
	       user_volume_store_arrived(phone->host->volumes, phone->volume->id, error);
}

static bool can_take(const struct arrival *arrival, const struct phone *phone, GError **error)
{
	bool ready = phone && (arrival->state != PHONE_RUNNING || arrival->loaded);
	if (!ready)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT, "the phone has not come whole");
	return ready && has_volume(phone, error) && mark(arrival->host, arrival->ticket, error);
}

static void take(struct arrival *arrival)
{
	struct phone *phone = arrival_phone(arrival);
	g_autoptr(GError) error = NULL;
	if (!can_take(arrival, phone, &error)) {
		fail(arrival, error);
		return;
	}
	arrival->taken = true;
	if (arrival->state == PHONE_RUNNING) {
		phone_start(phone, on_runs, arrival);
		return;
	}
	phone->established = true;
	phone_set_state(phone, arrival->state, NULL);
	on_runs(arrival, phone, NULL);
}

/* --- memory --- */

/* When QEMU has it and the thread has ended, in either order. */
static void say_loaded(struct arrival *arrival)
{
	if (!arrival->loaded || !arrival->brought)
		return;
	visit_say(arrival->brought, "loaded", true);
	g_clear_pointer(&arrival->brought, visit_free);
}

static void on_loaded(void *data, struct phone *phone, const GError *error)
{
	struct arrival *arrival = data;
	(void)phone;
	if (arrival->over)
		return;
	if (error) {
		fail(arrival, error);
		return;
	}
	arrival->loaded = true;
	say_loaded(arrival);
}

/* What went wrong QEMU finds as well, and on_loaded() is told. */
static void on_memory_end(struct visit *visit)
{
	struct arrival *arrival = visit->data;
	if (!arrival) {
		visit_free(visit);
		return;
	}
	arrival->memory = NULL;
	arrival->brought = visit;
	say_loaded(arrival);
}

static void take_memory(struct arrival *arrival, struct visit *visit)
{
	struct phone *phone = arrival_phone(arrival);
	g_autoptr(GError) error = NULL;
	int pair[2];
	if (!phone || arrival->memory || arrival->brought || phone->start ||
	    arrival->state != PHONE_RUNNING) {
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "the phone's memory comes at the wrong time");
		visit_refuse(visit, error);
		return;
	}
	if (!has_volume(phone, &error)) {
		visit_refuse(visit, error);
		return;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		g_error("socketpair(2): %s", g_strerror(errno));
	visit->data = arrival;
	arrival->memory = visit;
	visit_take_memory(visit, pair[0], on_memory_end);
	phone_arrive(phone, pair[1], on_loaded, arrival);
}

/* --- files --- */

static void on_files_end(struct visit *visit)
{
	struct arrival *arrival = visit->data;
	if (!arrival) {
		visit_free(visit);
		return;
	}
	arrival->files = NULL;
	if (!visit->error && !arrival->asking) {
		arrival->asking = visit;
		take(arrival);
		return;
	}
	g_autoptr(GError) error = g_steal_pointer(&visit->error);
	visit_free(visit);
	if (error && !arrival->taken)
		fail(arrival, error);
}

static void take_files(struct arrival *arrival, struct visit *visit)
{
	g_autoptr(GError) error = NULL;
	JsonObject *object = json_get_object(json_node_get_object(visit->line), "phone", &error);
	AUTO(passport) passport = object ? passport_parse(object, &error) : NULL;
	if (passport && (strcmp(passport->uuid, arrival->uuid) || arrival->begun))
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_DENIED,
		    "the ticket is for another phone, or used");
	struct phone *phone =
	    error ? NULL
	          : arrival_make_phone(arrival->host, arrival->ticket, visit, passport, &error);
	if (!phone) {
		visit_refuse(visit, error);
		return;
	}
	phone_table_add(arrival->host->phones, phone);
	arrival->begun = true;
	arrival->state = passport->state;
	arrival->files = visit;
	visit->data = arrival;
	visit->folder = g_strdup(phone->folder);
	visit->receiver = (struct migration_receiver){.folder = visit->folder,
	    .volume = visit->volume,
	    .reserve_mib = arrival->host->disk_reserve_mib,
	    .backing = visit->backing,
	    .format = visit->format};
	visit_take_files(visit, on_files_end);
}

/* --- */

/* The connection on which it could have handed over was cut: is it taken, or never will be? */
static void take_question(struct arrival *arrival, struct visit *visit)
{
	if (arrival->asking) {
		g_autoptr(GError) error = g_error_new_literal(
		    QVMI_ERROR, QVMI_ERROR_CONFLICT, "it is being started; ask again");
		visit_refuse(visit, error);
		return;
	}
	arrival->asking = visit;
	let_go(&arrival->files);
	take(arrival);
}

void arrival_visit(struct arrival *arrival, struct visit *visit)
{
	g_autoptr(GError) error = NULL;
	if (strcmp(visit->host, arrival->from)) {
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_DENIED, "the ticket is host %s's",
		    arrival->from);
		visit_refuse(visit, error);
	} else if (!strcmp(visit->purpose, "files")) {
		take_files(arrival, visit);
	} else if (!strcmp(visit->purpose, "memory")) {
		take_memory(arrival, visit);
	} else if (!strcmp(visit->purpose, "run")) {
		take_question(arrival, visit);
	} else {
		g_set_error(&error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "\"do\" is \"%s\"; it can be files, memory, run or done", visit->purpose);
		visit_refuse(visit, error);
	}
}
