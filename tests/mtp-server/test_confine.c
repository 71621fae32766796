/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/confine.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/sanitized.h"

/* What a confined child's attempt comes to: its exit status, or 1000 + the signal. */
static int attempt(int (*what)(void))
{
	pid_t pid = fork();
	if (pid == 0) {
		if (!confine_limits(NULL) || !confine_identity(0, NULL) ||
		    !confine_system_calls(NULL))
			_exit(99);
		_exit(what());
	}
	int status;
	g_assert_cmpint(waitpid(pid, &status, 0), ==, pid);
	return WIFSIGNALED(status) ? 1000 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int open_file(void)
{
	return open("/etc/passwd", O_RDONLY) >= 0 ? 0 : errno;
}

static int make_socket(void)
{
	return socket(AF_INET, SOCK_STREAM, 0) >= 0 ? 0 : errno;
}

static int run_program(void)
{
	char *argv[] = {(char *)(uintptr_t) "true", NULL};
	execve("/bin/true", argv, NULL);
	return errno;
}

static int map_code(void)
{
	return mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) !=
	               MAP_FAILED
	           ? 0
	           : errno;
}

static int map_memory(void)
{
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	return memory != MAP_FAILED && munmap(memory, 4096) == 0 ? 0 : errno;
}

static int use_much_memory(void)
{
	return mmap(NULL, 2ul << 30, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED
	           ? 0
	           : errno;
}

static int look_at_us(void)
{
	return kill(getppid(), SIGKILL) == 0 ? 0 : errno;
}

static void test_confine(void)
{
	if (SANITIZED) {
		g_test_skip("the sanitizers need what is taken away");
		return;
	}
	g_assert_cmpint(attempt(open_file), ==, EPERM);
	g_assert_cmpint(attempt(map_code), ==, EPERM);
	g_assert_cmpint(attempt(look_at_us), ==, EPERM);
	g_assert_cmpint(attempt(make_socket), ==, 1000 + SIGSYS);
	g_assert_cmpint(attempt(run_program), ==, 1000 + SIGSYS);
	g_assert_cmpint(attempt(use_much_memory), ==, ENOMEM);
	g_assert_cmpint(attempt(map_memory), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/confine", test_confine);
	return g_test_run();
}
