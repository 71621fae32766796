/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/template_seal.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"

static void seal_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
	(void)source;
	struct template *template = data;
	static const char *const roles[][2] = {
	    {"memory", "memory"}, {"state", "state"}, {"disk", "disk.qcow2"}};
	g_autoptr(GError) error = NULL;
	for (unsigned i = 0; i < G_N_ELEMENTS(roles) && !error; i++) {
		g_autofree char *path = g_build_filename(template->folder, roles[i][1], NULL);
		if (!g_file_test(path, G_FILE_TEST_EXISTS))
			continue; /* no disk */
		AUTO_FD fd = open(path, O_RDWR | O_CLOEXEC);
		/* On the disk before its sum is believed, and never written again. */
		if (fd < 0 || fsync(fd) || fchmod(fd, 0444)) {
			int why = errno;
			g_set_error(&error, QVMI_ERROR,
			    why == ENOSPC ? QVMI_ERROR_EXHAUSTED : QVMI_ERROR_FAILED,
			    "cannot write %s: %s", path, g_strerror(why));
			break;
		}
		template_add_file(template, roles[i][0], path, cancellable, &error);
	}
	if (!error && template->manifest->disk)
		template_add_file(template, "image", template->manifest->disk, cancellable, &error);
	if (!error && template_store_record(template, &error)) {
		g_task_return_boolean(task, TRUE);
		return;
	}
	g_task_return_error(task, g_steal_pointer(&error));
}

void template_seal(
    struct template *template, GCancellable *cancellable, GAsyncReadyCallback done, void *data)
{
	g_autoptr(GTask) task = g_task_new(NULL, cancellable, done, data);
	g_task_set_check_cancellable(task, FALSE);
	g_task_set_task_data(task, template, (GDestroyNotify)template_free);
	g_task_run_in_thread(task, seal_thread);
}

bool template_seal_finish(GAsyncResult *result, GError **error)
{
	return g_task_propagate_boolean(G_TASK(result), error);
}
