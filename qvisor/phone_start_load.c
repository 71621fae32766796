/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Steps of a start: what a QEMU that has begun loads, until its guest runs. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#include "common/error.h"
#include "qvisor/memory_file.h"
#include "qvisor/phone_network.h"
#include "qvisor/phone_plug.h"
#include "qvisor/phone_save.h"
#include "qvisor/phone_start_private.h"
#include "qvisor/phone_suspend.h"
#include "qvisor/phone_volume.h"
#include "qvisor/secret_memory.h"

#define STATE_FDSET 1

void start_step_capabilities(struct phone_start *start)
{
	start_execute(
	    start, "migrate-set-capabilities", qmp_migration_capabilities(), -1, start_on_step);
}

void start_step_arrival_capabilities(struct phone_start *start)
{
	start_execute(
	    start, "migrate-set-capabilities", qmp_arrival_capabilities(), -1, start_on_step);
}

void start_step_state(struct phone_start *start)
{
	const char *path = template_path(start->phone->template, "state");
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		start_fail_new(
		    start, QVMI_ERROR_CORRUPT, "cannot read %s: %s", path, g_strerror(errno));
	else
		start_execute(start, "add-fd", qmp_fdset(STATE_FDSET), fd, start_on_step);
}

static void on_incoming(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	struct phone *phone = data;
	if (phone->start && error && !g_error_matches(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE))
		start_fail(phone->start, error);
}

void start_step_load(struct phone_start *start)
{
	start->loading = true;
	start_execute(
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
void start_step_plug(struct phone_start *start)
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
	struct phone_start *start = start_wait_end(data);
	if (start && error)
		start_fail(start, error);
}

/* A thread opens the sealed file and QEMU reads from it. */
void start_step_feed(struct phone_start *start)
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
	memory_file_load(pair[0], path, key, on_fed, start_wait_new(start));
	start_execute(start, "getfd", qmp_one_member("fdname", "resume"), pair[1], start_on_step);
}

void start_step_resume(struct phone_start *start)
{
	start->loading = true;
	start_execute(
	    start, "migrate-incoming", qmp_one_member("uri", "fd:resume"), -1, on_incoming);
}

/* It comes as fast as the other host and the network let it: no deadline. */
void start_step_stream(struct phone_start *start)
{
	g_clear_handle_id(&start->deadline, g_source_remove);
	start_execute(start, "getfd", qmp_one_member("fdname", "resume"), fd_steal(&start->socket),
	    start_on_step);
}

void start_step_commit(struct phone_start *start)
{
	g_autoptr(GError) error = NULL;
	if (phone_suspend_commit(start->phone, &error))
		start_next(start);
	else
		start_fail(start, error);
}

void start_step_run(struct phone_start *start)
{
	start_execute(start, "cont", NULL, -1, start_on_step);
}

/* Of phone_prepare() and phone_arrive(): nothing more until phone_start(), however long that takes.
 */
void start_step_wait(struct phone_start *start)
{
	if (!start->prepared.done) {
		start_next(start);
		return;
	}
	g_clear_handle_id(&start->deadline, g_source_remove);
	start->prepared.done(start->prepared.data, start->phone, NULL);
}
