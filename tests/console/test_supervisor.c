/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Supervised processes, with this program itself as the daemon; and `qvmi up`'s folders. */
#include <glib/gstdio.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/config.h"
#include "common/error.h"
#include "common/file.h"
#include "console/supervisor.h"
#include "console/up_config.h"
#include "console/up_layout.h"

static char *self;

/* --- the daemon: what it does is its first argument --- */

static void say_ready(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0);

	g_strlcpy(address.sun_path, g_getenv("NOTIFY_SOCKET"), sizeof(address.sun_path));
	if (sendto(fd, "READY=1", 7, 0, (struct sockaddr *)&address, sizeof(address)) != 7)
		_exit(9);
}

static int be_daemon(const char *what)
{
	alarm(60);
	if (g_str_equal(what, "--fail")) {
		fprintf(stderr, "first line\nthe reason is this\n");
		return 3;
	}
	if (g_str_equal(what, "--stubborn"))
		signal(SIGTERM, SIG_IGN);
	if (!g_str_equal(what, "--silent"))
		say_ready();
	for (;;)
		pause();
}

/* --- tests --- */

struct fixture {
	char *folder, *notify;
	GCancellable *cancellable;
	struct supervisor *supervisor;
	unsigned changed;
};

static void on_changed(void *data)
{
	((struct fixture *)data)->changed++;
}

static void set_up(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	(void)data;

	fixture->folder = g_dir_make_tmp("qvmi-supervisor-XXXXXX", NULL);
	fixture->notify = g_build_filename(fixture->folder, "n", NULL);
	fixture->cancellable = g_cancellable_new();
	const struct supervisor_options options = {.notify_path = fixture->notify,
	    .log_folder = fixture->folder,
	    .cancellable = fixture->cancellable,
	    .changed = on_changed,
	    .data = fixture};
	fixture->supervisor = supervisor_new(&options, &error);
	g_assert_no_error(error);
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	supervisor_free(fixture->supervisor);
	g_object_unref(fixture->cancellable);
	g_assert_false(g_file_test(fixture->notify, G_FILE_TEST_EXISTS));
	g_autofree char *clear = g_strdup_printf("rm -r %s", fixture->folder);
	g_assert_true(g_spawn_command_line_sync(clear, NULL, NULL, NULL, NULL));
	g_free(fixture->folder);
	g_free(fixture->notify);
}

static bool start(struct fixture *fixture, const char *what, unsigned timeout_s, GError **error)
{
	const char *const argv[] = {self, what, NULL};
	return supervisor_start(fixture->supervisor, what + 2, argv, timeout_s, error);
}

static void test_start_and_stop(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	(void)data;

	g_assert_true(start(fixture, "--good", 60, &error));
	g_assert_true(start(fixture, "--stubborn", 60, &error));
	pid_t good = supervisor_pid(fixture->supervisor, "good");
	pid_t stubborn = supervisor_pid(fixture->supervisor, "stubborn");
	g_assert_cmpint(kill(good, 0), ==, 0);
	g_test_expect_message(NULL, G_LOG_LEVEL_WARNING, "stubborn does not end; killing it");
	supervisor_stop(fixture->supervisor, 2000);
	g_test_assert_expected_messages();
	g_assert_cmpint(kill(good, 0), ==, -1);
	g_assert_cmpint(kill(stubborn, 0), ==, -1);
	g_assert_cmpint(supervisor_pid(fixture->supervisor, "good"), ==, 0);
}

static void test_failed_start(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	(void)data;

	g_assert_false(start(fixture, "--fail", 60, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
	g_assert_nonnull(strstr(error->message, "fail ended with exit code 3"));
	g_assert_nonnull(strstr(error->message, "    the reason is this"));
}

static void test_never_ready(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	(void)data;

	g_assert_false(start(fixture, "--silent", 1, &error));
	g_assert_nonnull(strstr(error->message, "not ready within 1 s"));
}

static gboolean cancel(gpointer data)
{
	g_cancellable_cancel(data);
	return G_SOURCE_REMOVE;
}

static void test_cancelled(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	(void)data;

	g_timeout_add(100, cancel, fixture->cancellable);
	g_assert_false(start(fixture, "--silent", 30, &error));
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_CANCELLED);
	/* It can still be stopped in order. */
	supervisor_stop(fixture->supervisor, 20000);
	g_assert_cmpint(supervisor_pid(fixture->supervisor, "silent"), ==, 0);
}

static void test_restart(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	(void)data;

	g_assert_true(start(fixture, "--good", 60, &error));
	pid_t first = supervisor_pid(fixture->supervisor, "good");
	g_test_expect_message(
	    NULL, G_LOG_LEVEL_WARNING, "good was ended by signal 9*starting it again in 0.5 s*");
	kill(first, SIGKILL);
	while (fixture->changed == 0)
		g_main_context_iteration(NULL, TRUE);
	g_test_assert_expected_messages();
	pid_t second = supervisor_pid(fixture->supervisor, "good");
	g_assert_cmpint(second, >, 0);
	g_assert_cmpint(second, !=, first);
	g_assert_cmpint(kill(second, 0), ==, 0);
}

/* --- folders and files of `qvmi up` --- */

static void test_layout(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *folder = g_dir_make_tmp("qvmi-layout-XXXXXX", NULL);
	g_autofree char *state = g_build_filename(folder, "state", NULL);
	g_autofree char *cache = g_build_filename(folder, "cache", NULL);
	struct stat status;

	g_setenv("XDG_RUNTIME_DIR", folder, TRUE);
	struct up_layout *layout = up_layout_new(state, cache);
	g_assert_true(up_layout_prepare(layout, &error));
	g_assert_true(up_layout_prepare_run(layout, &error));
	g_assert_no_error(error);
	g_assert_true(g_str_has_prefix(layout->run, folder));
	g_assert_cmpint(stat(layout->run, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 0777, ==, 0700);

	AUTO(up_layout) second = up_layout_new(state, cache);
	g_assert_false(up_layout_prepare(second, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT);
	g_autofree char *pid = g_strdup_printf("(pid %d)", (int)getpid());
	g_assert_nonnull(strstr(error->message, pid));
	g_clear_error(&error);

	up_layout_clear_run(layout);
	g_assert_false(g_file_test(layout->run, G_FILE_TEST_EXISTS));
	up_layout_free(layout);
	/* Others can look in: refused. */
	g_assert_true(up_layout_prepare(second, &error));
	g_assert_cmpint(g_mkdir(second->run, 0755), ==, 0);
	g_assert_cmpint(g_chmod(second->run, 0755), ==, 0);
	g_assert_false(up_layout_prepare_run(second, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_DENIED);
	g_autofree char *clear = g_strdup_printf("rm -r %s", folder);
	g_assert_true(g_spawn_command_line_sync(clear, NULL, NULL, NULL, NULL));
}

static void test_config(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *folder = g_dir_make_tmp("qvmi-config-XXXXXX", NULL);
	struct up_options options = {.bind = "127.0.0.1", .ports = 21340, .accelerator = "tcg"};

	g_setenv("XDG_RUNTIME_DIR", folder, TRUE);
	AUTO(up_layout) layout = up_layout_new(folder, folder);
	g_assert_true(up_layout_prepare(layout, &error));
	g_assert_true(up_config_write(layout, &options, &error));
	g_assert_no_error(error);
	g_autofree char *file = up_config_file(layout, "brokerd");
	g_autoptr(GKeyFile) keys = g_key_file_new();
	g_assert_true(g_key_file_load_from_file(keys, file, 0, &error));
	g_assert_cmpint(g_key_file_get_integer(keys, "listen", "port", NULL), ==, 21343);
	/* The key of grants stays the same: hosts know it. */
	g_autofree char *key_file = up_layout_state_file(layout, "pki/grant.key");
	g_autofree char *key = file_load(key_file, 4096, NULL, NULL);
	g_assert_true(up_config_write(layout, &options, &error));
	g_autofree char *again = file_load(key_file, 4096, NULL, NULL);
	g_assert_cmpstr(key, ==, again);

	g_assert_true(up_config_check_ports(&options, &error));
	g_autoptr(GSocketListener) other = g_socket_listener_new();
	g_assert_true(g_socket_listener_add_inet_port(other, 21344, NULL, &error));
	g_assert_false(up_config_check_ports(&options, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT);
	g_assert_nonnull(strstr(error->message, "port 21344 on 127.0.0.1"));
	g_assert_nonnull(strstr(error->message, "--ports"));
	g_clear_error(&error);
	options.bind = "here";
	g_assert_false(up_config_check_ports(&options, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_autofree char *clear = g_strdup_printf("rm -r %s", folder);
	g_assert_true(g_spawn_command_line_sync(clear, NULL, NULL, NULL, NULL));
}

int main(int argc, char **argv)
{
	if (argc == 2 && g_getenv("NOTIFY_SOCKET"))
		return be_daemon(argv[1]);
	self = g_file_read_link("/proc/self/exe", NULL);
	g_test_init(&argc, &argv, NULL);
#define ADD(name)                                                                                  \
	g_test_add("/supervisor/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
	ADD(start_and_stop);
	ADD(failed_start);
	ADD(never_ready);
	ADD(cancelled);
	ADD(restart);
	g_test_add_func("/up/layout", test_layout);
	g_test_add_func("/up/config", test_config);
	int result = g_test_run();
	g_free(self);
	return result;
}
