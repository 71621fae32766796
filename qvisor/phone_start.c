/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starting a phone: a list of steps, each of which ends in start_next() or start_fail(), from the
 * main loop. A clone goes through all of them, a phone that has its own disk from before boots cold
 * from it, one that is suspended is a clone again that loads its own memory over its template's,
 * and one that comes from another host does so from there. phone_prepare() stops before the last
 * step, phone_start() goes on from there.
 */
#include <unistd.h>

#include "common/error.h"
#include "common/metrics.h"
#include "qvisor/phone_start_private.h"
#include "qvisor/phone_suspend.h"
#include "qvisor/phone_table.h"
#include "qvisor/zygote.h"

#define START_DEADLINE_S 60

static void start_free(struct phone_start *start)
{
	start->phone->start = NULL;
	fd_cleanup(&start->socket);
	fd_cleanup(&start->fork_socket);
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

void start_fail(struct phone_start *start, const GError *cause)
{
	g_autoptr(GError) error = g_error_copy(cause);
	g_prefix_error(
	    &error, "the phone could not be started (%s): ", start->steps[start->step].name);
	phone_start_abort(start->phone, error);
}

void start_fail_new(struct phone_start *start, int code, const char *format, ...)
{
	va_list arguments;
	va_start(arguments, format);
	g_autoptr(GError) error = g_error_new_valist(QVMI_ERROR, code, format, arguments);
	va_end(arguments);
	start_fail(start, error);
}

/* Its memory and devices are loaded, and not its template's. */
bool start_has_own_state(const struct phone_start *start)
{
	return start->kind == START_RESUME || start->kind == START_ARRIVE;
}

/* The usual answer to a step's last command. */
void start_on_step(void *data, JsonNode *result, const GError *error)
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

void start_execute(struct phone_start *start, const char *command, JsonObject *arguments, int fd,
    qmp_reply_fn done)
{
	qmp_execute(start->phone->qmp, command, arguments, fd, 30000, done, start->phone);
}

/* --- */

struct thread_wait {
	struct host *host;
	char *uuid;
	int64_t begin; /* of the start that waits */
};

struct thread_wait *start_wait_new(const struct phone_start *start)
{
	struct thread_wait *wait = g_new(struct thread_wait, 1);
	*wait =
	    (struct thread_wait){start->phone->host, g_strdup(start->phone->uuid), start->begin};
	return wait;
}

struct phone_start *start_wait_end(struct thread_wait *wait)
{
	g_autofree struct thread_wait *own = wait;
	g_autofree char *uuid = own->uuid;
	const struct phone *phone = phone_table_find(own->host->phones, uuid, NULL);
	return phone && phone->start && phone->start->begin == own->begin ? phone->start : NULL;
}

static const struct start_step clone_steps[] = {
    {"verify", start_step_verify},
    {"overlay", start_step_overlay},
    {"spawn", start_step_spawn},
    {"boot QEMU", start_step_capabilities},
    {"state", start_step_state},
    {"load", start_step_load},
    {"wait", start_step_wait},
    {"run", start_step_run},
    {NULL, NULL},
};

static const struct start_step fork_steps[] = {
    {"verify", start_step_verify},
    {"overlay", start_step_copy},
    {"fork", start_step_fork},
    {"wait", start_step_wait},
    {"run", start_step_run},
    {NULL, NULL},
};

static const struct start_step resume_steps[] = {
    {"verify", start_step_verify},
    {"spawn", start_step_spawn},
    {"boot QEMU", start_step_capabilities},
    {"plug", start_step_plug},
    {"memory", start_step_feed},
    {"load", start_step_resume},
    {"commit", start_step_commit},
    {"run", start_step_run},
    {NULL, NULL},
};

static const struct start_step arrive_steps[] = {
    {"verify", start_step_verify},
    {"spawn", start_step_spawn},
    {"boot QEMU", start_step_arrival_capabilities},
    {"plug", start_step_plug},
    {"stream", start_step_stream},
    {"load", start_step_resume},
    {"wait", start_step_wait},
    {"run", start_step_run},
    {NULL, NULL},
};

static const struct start_step cold_steps[] = {
    {"verify", start_step_verify},
    {"disk", start_step_check},
    {"spawn", start_step_spawn},
    {"run", start_step_run},
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

void start_next(struct phone_start *start)
{
	int64_t now = g_get_monotonic_time();
	g_string_append_printf(start->timing, "%s%s %.1f", start->step ? ", " : "",
	    start->steps[start->step].name, (now - start->last) / 1e3);
	start->last = now;
	start->step++;
	start_run(start);
}

void start_without_fork(struct phone_start *start)
{
	start->steps = clone_steps + 1; /* verified */
	start->step = 0;
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
	start->socket = start->fork_socket = -1;
	start->begin = start->last = g_get_monotonic_time();
	start->timing = g_string_new(NULL);
	start->waiters = g_ptr_array_new_with_free_func(g_free);
	start->deadline = g_timeout_add_seconds(START_DEADLINE_S, on_deadline, start);
	return start;
}

void phone_prepare(struct phone *phone, int fork_socket, phone_done_fn prepared, void *data)
{
	bool fork = fork_socket < 0 && zygotes_find(phone->host->zygotes, phone->template);
	struct phone_start *start =
	    start_new(phone, (fork ? fork_steps : clone_steps) + 1); /* verified */
	start->fork_socket = fork_socket;
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
		start_step_verify(start); /* again: its files may have changed meanwhile */
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
	bool fork = !resume && !cold && zygotes_find(phone->host->zygotes, phone->template);
	struct phone_start *start = start_new(phone, resume ? resume_steps
	                                             : cold ? cold_steps
	                                             : fork ? fork_steps
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
