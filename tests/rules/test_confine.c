/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The locked door: what a process tries after confine() kills it, or is refused (under a
 * sanitizer, whose runtime has to survive its own curiosity). */
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "rules/confine.h"

enum { SURVIVED = 40, REFUSED, NOT_CONFINED };

/* Forks, confines, tries; how it ended. */
static int ended(bool (*attempt)(void))
{
	pid_t pid = fork();
	int status;

	g_assert_cmpint(pid, >=, 0);
	if (pid == 0) {
		if (!confine(NULL))
			_exit(NOT_CONFINED);
		_exit(attempt() ? SURVIVED : REFUSED);
	}
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	return status;
}

static void check_refused(bool (*attempt)(void))
{
	int status = ended(attempt);

	if (WIFSIGNALED(status))
		g_assert_cmpint(WTERMSIG(status), ==, SIGSYS);
	else
		g_assert_cmpint(WEXITSTATUS(status), ==, REFUSED);
}

static bool try_open(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0;
}

static bool try_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0;
}

static bool try_unix_socket(void)
{
	return socket(AF_UNIX, SOCK_STREAM, 0) >= 0;
}

static bool try_exec(void)
{
	execl("/bin/true", "true", (char *)NULL);
	return false;
}

static bool try_fork(void)
{
	return syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0) >= 0;
}

static bool try_kill(void)
{
	return kill(getppid(), 0) == 0;
}

static bool try_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1,
	           0) != MAP_FAILED;
}

static bool try_other_descriptor(void)
{
	return write(7, "x", 1) == 1;
}

static bool try_compute(void)
{
	void *block = malloc(4u << 20);
	bool fine = block && write(STDOUT_FILENO, "", 0) == 0;

	free(block);
	return fine;
}

static void test_refused(void)
{
	check_refused(try_open);
	check_refused(try_socket);
	check_refused(try_unix_socket);
	check_refused(try_exec);
	check_refused(try_fork);
	check_refused(try_kill);
	check_refused(try_code);
	check_refused(try_other_descriptor);
}

static void test_allowed(void)
{
	int status = ended(try_compute);

	g_assert_true(WIFEXITED(status));
	g_assert_cmpint(WEXITSTATUS(status), ==, SURVIVED);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/rules/confine/refused", test_refused);
	g_test_add_func("/rules/confine/allowed", test_allowed);
	return g_test_run();
}
