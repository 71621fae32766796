/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a process can still do once it has entered the jail of a boot. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qvisor/probe/boot_jail.h"

#define SKIPPED 77

static bool can_open(const char *folder, const char *name, int flags)
{
	g_autofree char *path = g_build_filename(folder, name, NULL);
	int fd = open(path, flags | O_CLOEXEC, 0600);
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* In a child: the number of the first thing that is not as it should be; 0. */
static int try_everything(const char *folder, const char *kernel)
{
	const struct manifest manifest = {.kernel = (char *)kernel};
	g_autofree char *missing = boot_jail_enter(&manifest, folder);
	if (missing)
		return SKIPPED;
	if (can_open("/etc", "passwd", O_RDONLY))
		return 1;
	if (can_open("/tmp", "qvmi-boot-jail", O_WRONLY | O_CREAT))
		return 2;
	if (!can_open("/", kernel, O_RDONLY) || can_open("/", kernel, O_RDWR))
		return 3;
	if (!can_open(folder, "new", O_WRONLY | O_CREAT))
		return 4;
	if (!setuid(1))
		return 5;
	if (chdir(folder) || unlink("new") || rmdir(folder))
		return 6;
	return 0;
}

static void test_jail(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *kernel = NULL;
	g_autofree char *folder = g_dir_make_tmp("qvmi-jail-XXXXXX", &error);
	g_assert_no_error(error);
	int fd = g_file_open_tmp("qvmi-kernel-XXXXXX", &kernel, &error), status;
	g_assert_no_error(error);
	close(fd);
	pid_t pid = fork();
	if (pid == 0)
		_exit(try_everything(folder, kernel));
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	g_unlink(kernel);
	g_rmdir(folder);
	g_assert_true(WIFEXITED(status));
	if (WEXITSTATUS(status) == SKIPPED)
		g_test_skip("this kernel or user does not have all of it");
	else
		g_assert_cmpint(WEXITSTATUS(status), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/boot_jail/all", test_jail);
	return g_test_run();
}
