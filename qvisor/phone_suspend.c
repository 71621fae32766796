/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/phone_suspend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "common/error.h"
#include "qvisor/phone_save.h"

struct suspension {
	phone_done_fn done;
	void *data;
	int64_t begin;
};

static char *path_of(const struct phone *phone, const char *name)
{
	return g_build_filename(phone->folder, name, NULL);
}

char *phone_suspend_path(const struct phone *phone)
{
	return path_of(phone, "suspended");
}

/* rename(2) within the folder, on the disk before it returns. */
static bool move(const struct phone *phone, const char *from, const char *to, GError **error)
{
	AUTO_FD folder = open(phone->folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (folder >= 0 && !renameat(folder, from, folder, to) && !fsync(folder))
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot rename %s/%s: %s", phone->folder,
	    from, g_strerror(errno));
	return false;
}

static void on_gone(void *data, struct phone *phone, const GError *error)
{
	g_autofree struct suspension *suspension = data;
	suspension->done(suspension->data, phone, error);
}

static void on_saved(
    void *data, struct phone *phone, const struct memory_figures *figures, const GError *cause)
{
	struct suspension *suspension = data;
	g_autoptr(GError) error = cause ? g_error_copy(cause) : NULL;
	if (!error && !move(phone, "suspended.part", "suspended", &error))
		phone_save_continue(phone);
	if (error) {
		on_gone(suspension, phone, error);
		return;
	}
	g_message("phone %s: suspended in %" G_GINT64_FORMAT " ms, %" G_GUINT64_FORMAT
	          " of %" G_GUINT64_FORMAT " MiB kept",
	    phone->uuid, (g_get_monotonic_time() - suspension->begin) / 1000, figures->kept >> 8,
	    figures->pages >> 8);
	phone_set_state(phone, PHONE_SUSPENDED, NULL);
	/* Its disk is written out: a migration ends with that. */
	phone_wait_gone(phone, on_gone, suspension);
	if (phone->process)
		qemu_process_kill(phone->process);
}

void phone_suspend(struct phone *phone, phone_done_fn done, void *data)
{
	struct suspension *suspension = g_new(struct suspension, 1);
	*suspension = (struct suspension){done, data, g_get_monotonic_time()};
	g_autofree char *part = path_of(phone, "suspended.part");
	phone_save(phone, part, on_saved, suspension);
}

bool phone_suspend_commit(struct phone *phone, GError **error)
{
	return move(phone, "suspended", "resumed", error);
}

void phone_suspend_forget(struct phone *phone)
{
	static const char *const names[] = {"suspended", "suspended.part", "resumed"};
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++) {
		g_autofree char *path = path_of(phone, names[i]);
		unlink(path);
	}
}

enum phone_suspended phone_suspend_recover(const struct phone *phone)
{
	g_autofree char *suspended = path_of(phone, "suspended");
	g_autofree char *resumed = path_of(phone, "resumed");
	if (g_file_test(suspended, G_FILE_TEST_EXISTS))
		return PHONE_SUSPENDED_WHOLE;
	return g_file_test(resumed, G_FILE_TEST_EXISTS) ? PHONE_SUSPENDED_RESUMED
	                                                : PHONE_SUSPENDED_NOT;
}
