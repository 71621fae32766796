/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/template_save.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>

#include "common/error.h"

#define STATE_FDSET 1
#define SAVE_DEADLINE_S 60

static void save_fail(struct template_save *save, const GError *error)
{
	if (!save->qmp)
		return;
	template_save_end(save);
	save->failed(save->data, error);
}

static void on_step(void *data, JsonNode *result, const GError *error)
{
	(void)result;
	struct template_save *save = data;
	/* That QEMU has ended its process tells, and when. */
	if (!error || g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED) ||
	    g_error_matches(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE))
		return;
	g_autoptr(GError) copy = g_error_copy(error);
	g_prefix_error(&copy, "saving the state: ");
	save_fail(save, copy);
}

static gboolean on_deadline(void *pointer)
{
	struct template_save *save = pointer;
	save->deadline = 0;
	g_autoptr(GError) error = g_error_new(QVMI_ERROR, QVMI_ERROR_TIMEOUT,
	    "saving the state took longer than %d s", SAVE_DEADLINE_S);
	save_fail(save, error);
	return G_SOURCE_REMOVE;
}

static void execute(struct template_save *save, const char *command, JsonObject *arguments, int fd)
{
	qmp_execute(save->qmp, command, arguments, fd, QMP_DEADLINE_MS, on_step, save);
}

void template_save_start(struct template_save *save, struct qmp *qmp, const char *folder,
    template_save_failed_fn failed, void *data)
{
	*save = (struct template_save){.qmp = qmp, .failed = failed, .data = data};
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(folder, "state", NULL);
	int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (fd < 0) {
		qvmi_error_set_errno(&error, errno, "cannot write %s", path);
		save_fail(save, error);
		return;
	}
	execute(save, "stop", NULL, -1);
	execute(save, "migrate-set-capabilities", qmp_migration_capabilities(), -1);
	execute(save, "add-fd", qmp_fdset(STATE_FDSET), fd);
	execute(save, "migrate", qmp_one_member("uri", "file:/dev/fdset/1"), -1);
	save->deadline = g_timeout_add_seconds(SAVE_DEADLINE_S, on_deadline, save);
}

void template_save_event(struct template_save *save, const char *name, JsonObject *payload)
{
	if (!save->qmp || strcmp(name, "MIGRATION") != 0 || !payload)
		return;
	const char *status = json_object_get_string_member_with_default(payload, "status", "");
	if (!strcmp(status, "completed")) {
		save->completed = true;
		execute(save, "quit", NULL, -1);
	} else if (!strcmp(status, "failed")) {
		g_autoptr(GError) error = g_error_new_literal(QVMI_ERROR, QVMI_ERROR_FAILED,
		    "QEMU could not save the state; is the disk full?");
		save_fail(save, error);
	}
}

bool template_save_end(struct template_save *save)
{
	g_clear_handle_id(&save->deadline, g_source_remove);
	save->qmp = NULL;
	return save->completed;
}
