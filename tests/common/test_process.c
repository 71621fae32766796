/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Children, and descriptors handed to them and to others. */
#include <fcntl.h>
#include <gio/gio.h>
#include <glib/gstdio.h>
#include <signal.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/descriptor.h"
#include "common/error.h"
#include "common/process.h"

static char *run(const char *script, const struct process_fd *fds, unsigned n_fds, int *code)
{
	g_autoptr(GError) error = NULL;
	char text[4096] = "";
	int out[2], status;
	const char *const argv[] = {"sh", "-c", script, NULL};

	g_assert_cmpint(pipe2(out, O_CLOEXEC), ==, 0);
	const struct process_spawn spawn = {.argv = argv,
	    .fds = fds,
	    .n_fds = n_fds,
	    .stdin_fd = -1,
	    .stdout_fd = out[1],
	    .stderr_fd = -1};
	pid_t pid = process_spawn(&spawn, &error);
	g_assert_no_error(error);
	close(out[1]);
	size_t n = 0;
	for (ssize_t got; (got = read(out[0], text + n, sizeof(text) - 1 - n)) > 0;)
		n += got;
	close(out[0]);
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	*code = WEXITSTATUS(status);
	return g_strdup(text);
}

static void test_descriptors(void)
{
	int code, a[2], b[2], inherited = open("/dev/null", O_RDONLY); /* not close-on-exec */

	g_assert_cmpint(pipe2(a, O_CLOEXEC), ==, 0);
	g_assert_cmpint(pipe2(b, O_CLOEXEC), ==, 0);
	/* Each other's numbers: neither may overwrite the other on its way. */
	const struct process_fd fds[] = {{a[1], b[1]}, {b[1], a[1]}, {a[0], -1}};
	g_autofree char *script = g_strdup_printf("echo one >&%d; echo two >&%d; "
	                                          "[ -e /proc/$$/fd/%d ] && echo leaked; "
	                                          "[ -e /proc/$$/fd/%d ] && echo given; exit 7",
	    b[1], a[1], inherited, a[0]);
	g_autofree char *told = run(script, fds, 3, &code);
	char text[16] = "";

	g_assert_cmpint(code, ==, 7);
	g_assert_cmpint(read(a[0], text, sizeof(text)), ==, 4);
	g_assert_cmpmem(text, 4, "one\n", 4);
	g_assert_cmpint(read(b[0], text, sizeof(text)), ==, 4);
	g_assert_cmpmem(text, 4, "two\n", 4);
	g_assert_cmpstr(told, ==, "given\n");
	for (unsigned i = 0; i < 2; i++) {
		close(a[i]);
		close(b[i]);
	}
	close(inherited);
}

static void test_fresh_signals(void)
{
	int code;

	signal(SIGPIPE, SIG_IGN);
	g_autofree char *text = run("grep SigIgn /proc/self/status", NULL, 0, &code);
	/* What whoever runs the test ignores (SIGINT, in the background of a shell) is not ours. */
	const char *mask = strchr(text, '\t');
	g_assert_nonnull(mask);
	g_assert_cmpuint(g_ascii_strtoull(mask + 1, NULL, 16) & 1u << (SIGPIPE - 1), ==, 0);
}

static void test_failures(void)
{
	g_autoptr(GError) error = NULL;
	const char *const missing[] = {"/nonexistent/program", NULL};
	const char *const unknown[] = {"no-such-program-anywhere", NULL};
	const char *const folder[] = {"/tmp", NULL};
	struct process_spawn spawn = {
	    .argv = missing, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};

	g_assert_cmpint(process_spawn(&spawn, &error), ==, -1);
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	g_clear_error(&error);
	spawn.argv = unknown;
	g_assert_cmpint(process_spawn(&spawn, &error), ==, -1);
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	g_clear_error(&error);
	spawn.argv = folder;
	g_assert_cmpint(process_spawn(&spawn, &error), ==, -1);
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_FAILED);
	/* No child is left behind. */
	g_assert_cmpint(waitpid(-1, NULL, WNOHANG), ==, -1);
}

static void test_identity_and_end(void)
{
	const char *const stubborn[] = {
	    "sh", "-c", "trap '' TERM; while :; do sleep 0.05; done", NULL};
	const struct process_spawn spawn = {
	    .argv = stubborn, .stdin_fd = -1, .stdout_fd = -1, .stderr_fd = -1};

	g_assert_true(process_is(getpid(), process_start_time(getpid())));
	g_assert_false(process_is(getpid(), process_start_time(getpid()) + 1));
	g_assert_false(process_is(getpid(), 0));
	g_assert_cmpuint(process_start_time(0x3fffffff), ==, 0);
	g_assert_cmpuint(process_start_time(-1), ==, 0);

	pid_t pid = process_spawn(&spawn, NULL);
	g_usleep(100000);
	uint64_t start = process_start_time(pid);
	process_end(pid, start + 1, 10); /* another one: not ours to end */
	g_assert_true(process_is(pid, start));
	process_end(pid, start, 100);
	g_assert_false(process_is(pid, start));
	g_assert_cmpint(kill(pid, 0), ==, -1); /* reaped */
}

static unsigned count_open(void)
{
	g_autoptr(GDir) folder = g_dir_open("/proc/self/fd", 0, NULL);
	unsigned n = 0;

	while (g_dir_read_name(folder))
		n++;
	return n;
}

static void test_packets(void)
{
	g_autoptr(GError) error = NULL;
	int pair[2], fds[DESCRIPTOR_MAX_FDS], out[DESCRIPTOR_MAX_FDS];
	unsigned n_fds = DESCRIPTOR_MAX_FDS;
	char text[64];

	g_assert_cmpint(
	    socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair), ==, 0);
	for (unsigned i = 0; i < DESCRIPTOR_MAX_FDS; i++)
		fds[i] = open("/dev/null", O_RDONLY | O_CLOEXEC);

	g_assert_cmpint(
	    descriptor_receive(pair[1], text, sizeof(text), out, &n_fds, &error), ==, -1);
	g_assert_error(error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK);
	g_clear_error(&error);

	g_assert_true(descriptor_send(pair[0], "hello", 5, fds, DESCRIPTOR_MAX_FDS, &error));
	n_fds = DESCRIPTOR_MAX_FDS;
	g_assert_cmpint(
	    descriptor_receive(pair[1], text, sizeof(text), out, &n_fds, &error), ==, 5);
	g_assert_cmpuint(n_fds, ==, DESCRIPTOR_MAX_FDS);
	for (unsigned i = 0; i < n_fds; i++) {
		g_assert_cmpint(fcntl(out[i], F_GETFD), ==, FD_CLOEXEC);
		close(out[i]);
	}

	/* Too long for the room, and more descriptors than there is room for: nothing leaks. */
	unsigned before = count_open();
	g_assert_true(descriptor_send(pair[0], "0123456789", 10, fds, 1, &error));
	n_fds = 1;
	g_assert_cmpint(descriptor_receive(pair[1], text, 5, out, &n_fds, &error), ==, -1);
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_TOO_LARGE);
	g_clear_error(&error);
	g_assert_true(descriptor_send(pair[0], "x", 1, fds, 3, &error));
	n_fds = 1;
	g_assert_cmpint(descriptor_receive(pair[1], text, 5, out, &n_fds, &error), ==, -1);
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_TOO_LARGE);
	g_clear_error(&error);
	g_assert_true(descriptor_send(pair[0], "x", 1, fds, 1, &error));
	g_assert_cmpint(descriptor_receive(pair[1], text, 5, NULL, NULL, &error), ==, -1);
	g_clear_error(&error);
	g_assert_cmpuint(count_open(), ==, before);

	g_assert_false(descriptor_send(pair[0], "", 0, NULL, 0, &error));
	g_clear_error(&error);
	g_assert_false(descriptor_send(pair[0], "x", DESCRIPTOR_MAX_MESSAGE + 1, NULL, 0, &error));
	g_clear_error(&error);
	close(pair[1]);
	g_assert_false(descriptor_send(pair[0], "x", 1, NULL, 0, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
	close(pair[0]);
	for (unsigned i = 0; i < DESCRIPTOR_MAX_FDS; i++)
		close(fds[i]);
}

static void test_listen(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *folder = g_dir_make_tmp("qvmi-descriptor-XXXXXX", NULL);
	g_autofree char *path = g_build_filename(folder, "s", NULL);
	g_autofree char *name = g_strnfill(200, 'x');
	g_autofree char *longer = g_build_filename(folder, name, NULL);
	uid_t uid;
	pid_t pid;

	int server = descriptor_listen(path, &error);
	g_assert_no_error(error);
	g_assert_cmpint(descriptor_listen(path, &error), ==, -1);
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT);
	g_clear_error(&error);
	int client = descriptor_connect(path, &error);
	int accepted = accept(server, NULL, NULL);
	g_assert_true(descriptor_peer(accepted, &uid, &pid, &error));
	g_assert_cmpuint(uid, ==, getuid());
	g_assert_cmpint(pid, ==, getpid());
	close(client);
	g_assert_cmpint(descriptor_receive(accepted, &pid, sizeof(pid), NULL, NULL, &error), ==, 0);
	close(accepted);
	close(server);
	g_assert_cmpint(descriptor_connect(path, &error), ==, -1);
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE);
	g_clear_error(&error);
	server = descriptor_listen(path, &error); /* stale: replaced */
	g_assert_no_error(error);
	close(server);
	g_assert_cmpint(descriptor_listen(longer, &error), ==, -1);
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_unlink(path);
	g_rmdir(folder);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/process/descriptors", test_descriptors);
	g_test_add_func("/process/signals", test_fresh_signals);
	g_test_add_func("/process/failures", test_failures);
	g_test_add_func("/process/identity-and-end", test_identity_and_end);
	g_test_add_func("/descriptor/packets", test_packets);
	g_test_add_func("/descriptor/listen", test_listen);
	return g_test_run();
}
