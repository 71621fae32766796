/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting a phone: a list of steps, each of which ends in start_next() or start_fail(), from the
 * main loop. A clone goes through all of them, a phone that has its own disk from before boots cold
 * from it, one that is suspended is a clone again that loads its own memory over its template's,
 * and one that comes from another host does so from there. phone_prepare() stops before the last
 * step, phone_start() goes on from there.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "common/metrics.h"
#include "qvisor/folder.h"
#include "qvisor/memory_file.h"
#include "qvisor/overlay.h"
#include "qvisor/overlay_check.h"
#include "qvisor/phone.h"
#include "qvisor/phone_network.h"
#include "qvisor/phone_plug.h"
#include "qvisor/phone_record.h"
#include "qvisor/phone_save.h"
#include "qvisor/phone_suspend.h"
#include "qvisor/phone_table.h"
#include "qvisor/phone_volume.h"
#include "qvisor/platform.h"
#include "qvisor/secret_memory.h"

#define START_DEADLINE_S 60
#define STATE_FDSET 1

struct phone_start {
	struct phone *phone;
	const struct start_step *steps;
	unsigned step;
	enum { START_CLONE, START_COLD, START_RESUME, START_ARRIVE } kind;
	GCancellable *spawning; /* while the platform starts QEMU */
	bool loading;           /* between migrate-incoming and its event */
	bool new_overlay;
	bool had_network;             /* when its state was saved */
	int socket;                   /* START_ARRIVE: that its state comes from; -1: taken */
	struct phone_waiter prepared; /* of phone_prepare(); done NULL: nobody prepares */
	int64_t begin, last;          /* monotonic */
	GString *timing;              /* "verify 0.1 spawn 2.3 ..." in ms */
	guint deadline;
	GPtrArray *waiters; /* struct phone_waiter * */
};

struct start_step {
	const char *name;
	void (*run)(struct phone_start *start);
};

static void start_next(struct phone_start *start);

static void start_free(struct phone_start *start)
{
	start->phone->start = NULL;
	fd_cleanup(&start->socket);
	g_clear_handle_id(&start->deadline, g_source_remove);
	if (start->spawning)
		g_cancellable_cancel(start->spawning);
	g_clear_object(&start->spawning);
	g_string_free(start->timing, TRUE);
	g_ptr_array_unref(start->waiters);
	g_free(start);
}

void phone_start_wait(struct phone *phone, phone_done_fn done, void *data)
{
	struct phone_waiter *waiter = g_new(struct phone_waiter, 1);
	*waiter = (struct phone_waiter){done, data};
	g_ptr_array_add(phone->start->waiters, waiter);
}

void phone_start_abort(struct phone *phone, const GError *cause)
{
	struct phone_start *start = phone->start;
	g_autoptr(GPtrArray) waiters = g_ptr_array_ref(start->waiters);
	g_autofree char *overlay = g_build_filename(phone->folder, "overlay.qcow2", NULL);
	const struct phone_waiter prepared = start->prepared;
	bool had_network = start->had_network;
	if (start->new_overlay)
		unlink(overlay);
	start_free(start);
	if (phone->process)
		qemu_process_kill(phone->process);
	bool resumes = phone_suspend_recover(phone) == PHONE_SUSPENDED_WHOLE;
	phone->has_network = had_network;
	if (phone->state == PHONE_CREATING)
		phone_set_state(phone, resumes ? PHONE_SUSPENDED : PHONE_FAILED, cause->message);
	phone_answer(phone, waiters, cause);
	if (prepared.done)
		prepared.done(prepared.data, phone, cause);
}

static void start_fail(struct phone_start *start, const GError *cause)
{
	g_autoptr(GError) error = g_error_copy(cause);
	g_prefix_error(
	    &error, "the phone could not be started (%s): ", start->steps[start->step].name);
	phone_start_abort(start->phone, error);
}

static void start_fail_new(struct phone_start *start, int code, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
static void start_fail_new(struct phone_start *start, int code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autoptr(GError) error = g_error_new_valist(QVMI_ERROR, code, format, arguments);
	va_end(arguments);
	start_fail(start, error);
}

/* The usual answer to a step's last command. */
static void on_step(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	struct phone *phone = data;
	/* Aborted meanwhile; or QEMU is ending, and phone_start_exited() will know more. */
	if (!phone->start || g_error_matches(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE))
		return;
	if (error)
		start_fail(phone->start, error);
	else
		start_next(phone->start);
}

static void execute(struct phone_start *start, const char *command, JsonObject *arguments, int fd,
    qmp_reply_fn done)
{
	qmp_execute(start->phone->qmp, command, arguments, fd, 30000, done, start->phone);
}

/* --- the steps --- */

/* The phone may be destroyed while a thread reads its files: it is looked up again. */
struct thread_wait {
	struct host *host;
	char *uuid;
	int64_t begin; /* of the start that waits */
};

static struct thread_wait *thread_wait_new(const struct phone_start *start)
{
	struct thread_wait *wait = g_new(struct thread_wait, 1);
	*wait =
	    (struct thread_wait){start->phone->host, g_strdup(start->phone->uuid), start->begin};
	return wait;
}

/* The start that waits, NULL when it does not any more. Frees. */
static struct phone_start *thread_wait_end(struct thread_wait *wait)
{
	g_autofree struct thread_wait *own = wait;
	g_autofree char *uuid = own->uuid;
	const struct phone *phone = phone_table_find(own->host->phones, uuid, NULL);
	return phone && phone->start && phone->start->begin == own->begin ? phone->start : NULL;
}

static void on_verified(void *data, const GError *error)
{
	struct phone_start *start = thread_wait_end(data);
	if (start && error)
		start_fail(start, error);
	else if (start)
		start_next(start);
}

static void step_verify(struct phone_start *start)
{
	template_verify(start->phone->template, on_verified, thread_wait_new(start));
}

static void step_check(struct phone_start *start)
{
	g_autofree char *overlay = g_build_filename(start->phone->folder, "overlay.qcow2", NULL);
	g_autoptr(GError) error = NULL;
	if (overlay_check(overlay, &error))
		start_next(start);
	else
		start_fail(start, error);
}

static void step_overlay(struct phone_start *start)
{
	struct phone *phone = start->phone;
	g_autoptr(GError) error = NULL;
	const char *disk = template_path(phone->template, "disk"), *format;
	if (disk) {
		g_autofree char *overlay = g_build_filename(phone->folder, "overlay.qcow2", NULL);
		uint64_t size = overlay_virtual_size(disk, &format, &error);
		if (!size || !overlay_create(overlay, disk, format, size, &error)) {
			start_fail(start, error);
			return;
		}
		start->new_overlay = true;
	}
	start_next(start);
}

/* Its memory and devices are loaded, and not its template's. */
static bool has_own_state(const struct phone_start *start)
{
	return start->kind == START_RESUME || start->kind == START_ARRIVE;
}

static void on_spawned(void *data, struct qemu_process *process, const GError *cause)
{
	struct phone *phone = data;
	struct phone_start *start = phone->start;
	g_autoptr(GError) error = NULL;
	g_clear_object(&start->spawning);
	phone->process = process;
	/* The record names the process from its first moment, so that no crash of ours can orphan
	 * it. */
	if (!process)
		start_fail(start, cause);
	else if (!phone_record_store(phone, &error) || !phone_connect(phone, &error))
		start_fail(start, error);
	else
		start_next(start);
}

static void step_spawn(struct phone_start *start)
{
	struct phone *phone = start->phone;
	const struct host *host = phone->host;
	const struct manifest *manifest = phone->template->manifest;
	g_autofree char *overlay =
	    g_build_filename(host->platform->in_folder ? "" : phone->folder, "overlay.qcow2", NULL);
	if (!has_own_state(start)) {
		phone->cold = start->kind == START_COLD;
		phone->booted = phone->machine =
		    phone->cold ? phone->wanted : (struct phone_machine){0};
	}
	const struct qemu_command command = {
	    .boot = start->kind == START_COLD ? QEMU_BOOT_COLD
	            : phone->cold             ? QEMU_BOOT_RESUME
	                                      : QEMU_BOOT_CLONE,
	    .manifest = manifest,
	    .emulator = host_emulator(host, manifest->architecture),
	    .tb_size_mib = host->tb_size_mib,
	    .mem_merge = host->mem_merge,
	    .uuid = phone->uuid,
	    .cpus = phone->booted.cpus,
	    .memory_mib = phone->booted.memory_mib,
	    .memory = phone->cold ? NULL : template_path(phone->template, "memory"),
	    .disk = manifest->disk ? overlay : NULL,
	};
	/* What it reads, where it may not see all: the disk is overlay, template's disk, image. */
	const char *files[5] = {NULL};
	unsigned n = 0;
	if (start->kind == START_COLD)
		files[n++] = manifest->kernel;
	else if (command.memory)
		files[n++] = command.memory;
	if (start->kind == START_COLD && manifest->initrd)
		files[n++] = manifest->initrd;
	if (manifest->disk) {
		files[n++] = template_path(phone->template, "disk");
		files[n++] = manifest->disk;
	}
	/* One that is resumed is told the time, and gets new random numbers. */
	phone->switched_off = phone->restarts = phone->identity_set = false;
	start->had_network = has_own_state(start) && phone->has_network;
	phone->has_network = start->had_network;
	if (phone->volume && !has_own_state(start))
		phone->volume->plugged = phone->volume->mounted = false;
	start->spawning = g_cancellable_new();
	const struct platform_spawn spawn = {.command = &command,
	    .folder = phone->folder,
	    .uuid = phone->uuid,
	    .files = files,
	    .cancellable = start->spawning,
	    .exited = phone_exited,
	    .data = phone};
	host->platform->start(host->platform, &spawn, on_spawned);
}

static void step_capabilities(struct phone_start *start)
{
	execute(start, "migrate-set-capabilities", qmp_migration_capabilities(), -1, on_step);
}

static void step_arrival_capabilities(struct phone_start *start)
{
	execute(start, "migrate-set-capabilities", qmp_arrival_capabilities(), -1, on_step);
}

static void step_state(struct phone_start *start)
{
	const char *path = template_path(start->phone->template, "state");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		start_fail_new(
		    start, QVMI_ERROR_CORRUPT, "cannot read %s: %s", path, g_strerror(errno));
	else
		execute(start, "add-fd", qmp_fdset(STATE_FDSET), fd, on_step);
}

static void on_incoming(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	struct phone *phone = data;
	if (phone->start && error && !g_error_matches(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE))
		start_fail(phone->start, error);
}

static void step_load(struct phone_start *start)
{
	start->loading = true;
	execute(
	    start, "migrate-incoming", qmp_one_member("uri", "file:/dev/fdset/1"), -1, on_incoming);
}

void phone_start_event(struct phone *phone, const char *name, JsonObject *payload)
{
	struct phone_start *start = phone->start;
	if (!start || !start->loading || strcmp(name, "MIGRATION") || !payload)
		return;
	const char *status = json_object_get_string_member_with_default(payload, "status", "");
	if (!strcmp(status, "completed")) {
		start->loading = false;
		if (start->kind == START_CLONE)
			template_loaded(phone->template, true, NULL);
		start_next(start);
	} else if (!strcmp(status, "failed")) {
		g_autofree char *words = qemu_process_last_words(phone->folder);
		if (start->kind == START_CLONE)
			template_loaded(phone->template, false, words);
		start->loading = false;
		static const char *const what[] = {[START_CLONE] = "the template's state",
		    [START_RESUME] = "what was suspended",
		    [START_ARRIVE] = "what came from the other host"};
		static const char *const advice[] = {
		    [START_CLONE] = ". Build the template again: qvmi template build --force",
		    [START_RESUME] = ". Start it with \"discard\" to do without",
		    [START_ARRIVE] = ""};
		start_fail_new(start, QVMI_ERROR_CORRUPT, "QEMU cannot load %s%s%s%s",
		    what[start->kind], *words ? ": " : "", words, advice[start->kind]);
	}
}

/* Saved state has what was plugged in it, so that has to be there to load it into. */
static void step_plug(struct phone_start *start)
{
	if (start->had_network) {
		start->phone->has_network = false;
		phone_network_plug(start->phone);
	}
	phone_plug_for_state(start->phone);
	phone_volume_plug_for_state(start->phone);
	start_next(start);
}

static void on_fed(void *data, const GError *error)
{
	struct phone_start *start = thread_wait_end(data);
	if (start && error)
		start_fail(start, error);
}

/* A thread opens the sealed file and QEMU reads from it. */
static void step_feed(struct phone_start *start)
{
	struct phone *phone = start->phone;
	g_autofree char *path = phone_suspend_path(phone);
	g_autoptr(GError) error = NULL;
	bool with_volume = phone->volume && phone->volume->plugged;
	SECRET uint8_t *key = phone_saving_key(phone, with_volume, &error);
	int pair[2];
	if (!key) {
		start_fail(start, error);
		return;
	}
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair))
		g_error("socketpair(2): %s", g_strerror(errno));
	memory_file_load(pair[0], path, key, on_fed, thread_wait_new(start));
	execute(start, "getfd", qmp_one_member("fdname", "resume"), pair[1], on_step);
}

static void step_resume(struct phone_start *start)
{
	start->loading = true;
	execute(start, "migrate-incoming", qmp_one_member("uri", "fd:resume"), -1, on_incoming);
}

/* It comes as fast as the other host and the network let it: no deadline. */
static void step_stream(struct phone_start *start)
{
	g_clear_handle_id(&start->deadline, g_source_remove);
	execute(
	    start, "getfd", qmp_one_member("fdname", "resume"), fd_steal(&start->socket), on_step);
}

static void step_commit(struct phone_start *start)
{
	g_autoptr(GError) error = NULL;
	if (phone_suspend_commit(start->phone, &error))
		start_next(start);
	else
		start_fail(start, error);
}

static void step_run(struct phone_start *start)
{
	execute(start, "cont", NULL, -1, on_step);
}

/* Of phone_prepare() and phone_arrive(): nothing more until phone_start(), however long that takes.
 */
static void step_wait(struct phone_start *start)
{
	if (!start->prepared.done) {
		start_next(start);
		return;
	}
	g_clear_handle_id(&start->deadline, g_source_remove);
	start->prepared.done(start->prepared.data, start->phone, NULL);
}

static const struct start_step clone_steps[] = {
    {"verify", step_verify},
    {"overlay", step_overlay},
    {"spawn", step_spawn},
    {"boot QEMU", step_capabilities},
    {"state", step_state},
    {"load", step_load},
    {"wait", step_wait},
    {"run", step_run},
    {NULL, NULL},
};

static const struct start_step resume_steps[] = {
    {"verify", step_verify},
    {"spawn", step_spawn},
    {"boot QEMU", step_capabilities},
    {"plug", step_plug},
    {"memory", step_feed},
    {"load", step_resume},
    {"commit", step_commit},
    {"run", step_run},
    {NULL, NULL},
};

static const struct start_step arrive_steps[] = {
    {"verify", step_verify},
    {"spawn", step_spawn},
    {"boot QEMU", step_arrival_capabilities},
    {"plug", step_plug},
    {"stream", step_stream},
    {"load", step_resume},
    {"wait", step_wait},
    {"run", step_run},
    {NULL, NULL},
};

static const struct start_step cold_steps[] = {
    {"verify", step_verify},
    {"disk", step_check},
    {"spawn", step_spawn},
    {"run", step_run},
    {NULL, NULL},
};

/* --- */

static void start_finish(struct phone_start *start)
{
	static struct metric *seconds;
	static const double bounds[] = {0.05, 0.075, 0.1, 0.15, 0.2, 0.3, 0.5, 1, 2, 5, 10, 30};
	struct phone *phone = start->phone;
	g_autoptr(GPtrArray) waiters = g_ptr_array_ref(start->waiters);
	int64_t now = g_get_monotonic_time();
	phone->clone_ms = (now - start->begin + 500) / 1000;
	if (!seconds)
		seconds = metric_histogram("qvmi_phone_start_seconds",
		    "Request to running, clones and cold boots", bounds, G_N_ELEMENTS(bounds));
	metric_observe(seconds, (now - start->begin) / 1e6);
	static const char *const done[] = {"cloned", "booted", "resumed", "taken over"};
	g_message("phone %s: %s in %u ms (%s)", phone->uuid, done[start->kind], phone->clone_ms,
	    start->timing->str);
	start_free(start);
	phone->established = true;
	phone_set_state(phone, PHONE_RUNNING, NULL);
	phone_suspend_forget(phone);
	phone_connect_agent(phone);
	phone_answer(phone, waiters, NULL);
}

static void start_run(struct phone_start *start)
{
	if (start->steps[start->step].name)
		start->steps[start->step].run(start);
	else
		start_finish(start);
}

static void start_next(struct phone_start *start)
{
	int64_t now = g_get_monotonic_time();
	g_string_append_printf(start->timing, "%s%s %.1f", start->step ? ", " : "",
	    start->steps[start->step].name, (now - start->last) / 1e3);
	start->last = now;
	start->step++;
	start_run(start);
}

static gboolean on_deadline(void *pointer)
{
	struct phone_start *start = pointer;
	start->deadline = 0;
	start_fail_new(start, QVMI_ERROR_TIMEOUT, "it took longer than %d s", START_DEADLINE_S);
	return G_SOURCE_REMOVE;
}

static struct phone_start *start_new(struct phone *phone, const struct start_step *steps)
{
	struct phone_start *start = phone->start = g_new0(struct phone_start, 1);
	start->phone = phone;
	start->steps = steps;
	start->socket = -1;
	start->begin = start->last = g_get_monotonic_time();
	start->timing = g_string_new(NULL);
	start->waiters = g_ptr_array_new_with_free_func(g_free);
	start->deadline = g_timeout_add_seconds(START_DEADLINE_S, on_deadline, start);
	return start;
}

void phone_prepare(struct phone *phone, phone_done_fn prepared, void *data)
{
	struct phone_start *start = start_new(phone, clone_steps + 1); /* verified */
	start->prepared = (struct phone_waiter){prepared, data};
	start_run(start);
}

void phone_arrive(struct phone *phone, int socket, phone_done_fn loaded, void *data)
{
	struct phone_start *start = start_new(phone, arrive_steps);
	start->kind = START_ARRIVE;
	start->socket = socket;
	start->prepared = (struct phone_waiter){loaded, data};
	start_run(start);
}

/* A child that waited: what it has cost until now nobody has waited for. */
static void start_resume(struct phone_start *start, phone_done_fn done, void *data)
{
	g_autoptr(GError) error = NULL;
	start->prepared.done = NULL;
	start->begin = start->last = g_get_monotonic_time();
	start->deadline = g_timeout_add_seconds(START_DEADLINE_S, on_deadline, start);
	phone_start_wait(start->phone, done, data);
	if (phone_check_room(start->phone, false, &error))
		step_verify(start); /* again: its files may have changed meanwhile */
	else
		phone_start_abort(start->phone, error);
}

void phone_start(struct phone *phone, phone_done_fn done, void *data)
{
	if (phone->start && phone->start->prepared.done) {
		start_resume(phone->start, done, data);
		return;
	}
	g_autoptr(GError) error = NULL;
	g_autofree char *overlay = g_build_filename(phone->folder, "overlay.qcow2", NULL);
	/* Without a disk there is nothing to come back to: it is cloned again. */
	bool resume = phone->state == PHONE_SUSPENDED;
	bool cold = !resume && phone->established && phone->template &&
	            phone->template->manifest->disk && g_file_test(overlay, G_FILE_TEST_EXISTS);
	if (!phone_check_start(phone, cold || (resume && phone->cold), &error)) {
		if (phone->state == PHONE_CREATING && !phone->start)
			phone_set_state(phone, PHONE_FAILED, error->message);
		if (done)
			done(data, phone, error);
		return;
	}
	if (phone->state != PHONE_CREATING)
		phone_set_state(phone, PHONE_CREATING, NULL);
	struct phone_start *start = start_new(phone, resume ? resume_steps
	                                             : cold ? cold_steps
	                                                    : clone_steps);
	start->kind = resume ? START_RESUME : cold ? START_COLD : START_CLONE;
	phone_start_wait(phone, done, data);
	start_run(start);
}

void phone_start_exited(struct phone *phone, const char *how)
{
	g_autofree char *words = qemu_process_last_words(phone->folder);
	if (phone->start->loading && phone->start->kind == START_CLONE)
		template_loaded(phone->template, false, words);
	start_fail_new(
	    phone->start, QVMI_ERROR_FAILED, "QEMU %s%s%s", how, *words ? ": " : "", words);
}
