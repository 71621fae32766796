/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/up_layout.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"

static char *default_state(void)
{
	return g_build_filename(g_get_user_state_dir(), "qvmi", NULL);
}

static char *own_runtime(void)
{
	return g_strdup_printf("/tmp/qvmi-%u", (unsigned)getuid());
}

/* Sockets want a short path and no disk: the user's run-time folder, or one of our own in /tmp. */
static char *run_folder(const char *state)
{
	const char *runtime = g_getenv("XDG_RUNTIME_DIR");
	g_autofree char *own = own_runtime();
	g_autofree char *usual = default_state();
	g_autofree char *hash = g_compute_checksum_for_string(G_CHECKSUM_SHA256, state, -1);
	g_autofree char *name =
	    g_str_equal(state, usual) ? g_strdup("qvmi") : g_strdup_printf("qvmi-%.8s", hash);
	bool usable = runtime && *runtime == '/' && access(runtime, W_OK) == 0;

	return g_build_filename(usable ? runtime : own, name, NULL);
}

static char *program_folder(void)
{
	g_autofree char *self = g_file_read_link("/proc/self/exe", NULL);
	return self ? g_path_get_dirname(self) : g_strdup("/usr/local/bin");
}

/* Installed beside the program (PREFIX/share/qvmi), or in the tree that it was built in. */
static char *shared(const char *programs, const char *installed, const char *built)
{
	const char *const candidates[] = {installed, built};

	for (unsigned i = 0; i < G_N_ELEMENTS(candidates); i++) {
		g_autofree char *path = g_build_filename(programs, candidates[i], NULL);
		char *real = realpath(path, NULL);
		char *found = g_strdup(real);
		free(real);
		if (found)
			return found;
	}
	return NULL;
}

struct up_layout *up_layout_new(const char *state, const char *cache)
{
	struct up_layout *layout = g_new0(struct up_layout, 1);
	g_autofree char *usual = default_state();

	layout->lock = -1;
	layout->state = g_canonicalize_filename(state ? state : usual, NULL);
	layout->run = run_folder(layout->state);
	layout->cache = cache ? g_canonicalize_filename(cache, NULL)
	                      : g_build_filename(g_get_user_cache_dir(), "qvmi", "templates", NULL);
	layout->programs = program_folder();
	layout->rules = shared(layout->programs, "../share/qvmi/rules", "../../../rules/scripts");
	layout->web_client =
	    shared(layout->programs, "../share/qvmi/web/client", "../../web/client");
	layout->web_console =
	    shared(layout->programs, "../share/qvmi/web/console", "../../web/console");
	return layout;
}

void up_layout_free(struct up_layout *layout)
{
	if (!layout)
		return;
	if (layout->lock >= 0)
		close(layout->lock);
	g_free(layout->state);
	g_free(layout->run);
	g_free(layout->cache);
	g_free(layout->programs);
	g_free(layout->rules);
	g_free(layout->web_client);
	g_free(layout->web_console);
	g_free(layout);
}

char *up_layout_state_file(const struct up_layout *layout, const char *name)
{
	return g_build_filename(layout->state, name, NULL);
}

char *up_layout_socket(const struct up_layout *layout, const char *name)
{
	return g_strdup_printf("%s/%s.sock", layout->run, name);
}

char *up_layout_url(const struct up_layout *layout, const char *name)
{
	return g_strdup_printf("unix:%s/%s.sock", layout->run, name);
}

char *up_layout_program(const struct up_layout *layout, const char *name)
{
	return g_build_filename(layout->programs, name, NULL);
}

/* --- preparing --- */

/* In /tmp anybody could have made the folder before us, with sockets of his own in it. */
static bool check_ours(const char *folder, GError **error)
{
	struct stat status;

	if (lstat(folder, &status) == 0 && S_ISDIR(status.st_mode) && status.st_uid == getuid() &&
	    (status.st_mode & 077) == 0)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_DENIED,
	    "%s must be a folder of yours that nobody else may enter (mode 0700); set it right or "
	    "remove it",
	    folder);
	return false;
}

static bool take_lock(struct up_layout *layout, GError **error)
{
	g_autofree char *file = up_layout_state_file(layout, "lock");
	char text[32] = "";
	AUTO_FD fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);

	if (fd < 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot write %s: %s", file,
		    g_strerror(errno));
		return false;
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		if (read(fd, text, sizeof(text) - 1) < 0)
			text[0] = 0;
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "`qvmi up` runs already on %s (pid %s); end that one with Ctrl-C or `kill %s`, "
		    "or choose another folder with --state",
		    layout->state, g_strchomp(text), text);
		return false;
	}
	int n = snprintf(text, sizeof(text), "%d\n", (int)getpid());
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, n, 0) != n) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED, "cannot write %s: %s", file,
		    g_strerror(errno));
		return false;
	}
	layout->lock = fd_steal(&fd);
	return true;
}

bool up_layout_prepare_run(const struct up_layout *layout, GError **error)
{
	g_autofree char *parent = g_path_get_dirname(layout->run);
	g_autofree char *own = own_runtime();

	return file_make_folder(layout->run, error) &&
	       (!g_str_equal(parent, own) || check_ours(parent, error)) &&
	       check_ours(layout->run, error);
}

bool up_layout_prepare(struct up_layout *layout, GError **error)
{
	static const char *const folders[] = {"etc", "pki", "log", "host"};

	if (!file_make_folder(layout->state, error) || !file_make_folder(layout->cache, error) ||
	    !check_ours(layout->state, error) || !take_lock(layout, error))
		return false;
	for (unsigned i = 0; i < G_N_ELEMENTS(folders); i++) {
		g_autofree char *folder = up_layout_state_file(layout, folders[i]);
		if (!file_make_folder(folder, error))
			return false;
	}
	return true;
}

void up_layout_clear_run(const struct up_layout *layout)
{
	g_autofree char *parent = g_path_get_dirname(layout->run);
	g_autofree char *own = own_runtime();
	g_autoptr(GDir) folder = g_dir_open(layout->run, 0, NULL);
	const char *name;

	while (folder && (name = g_dir_read_name(folder))) {
		g_autofree char *path = g_build_filename(layout->run, name, NULL);
		unlink(path);
	}
	rmdir(layout->run);
	if (g_str_equal(parent, own))
		rmdir(parent); /* fails when another one's is in it, as it should */
}
