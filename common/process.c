/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/process.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/close_range.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"

#define FDS_MAX 32

uint64_t process_start_time(pid_t pid)
{
	char path[64], text[1024];
	unsigned long long start = 0;
	char state = 'Z';

	snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	if (pid <= 0 || fd < 0)
		return 0;
	ssize_t n = read(fd, text, sizeof(text) - 1);
	if (n <= 0)
		return 0;
	text[n] = 0;
	/* The second field is the program's name in brackets and may hold anything, also brackets.
	 */
	const char *rest = strrchr(text, ')');
	if (!rest ||
	    sscanf(rest + 1,
	        " %c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d %llu",
	        &state, &start) != 2)
		return 0;
	return state == 'Z' || state == 'X' ? 0 : start;
}

bool process_is(pid_t pid, uint64_t start_time)
{
	return start_time != 0 && process_start_time(pid) == start_time;
}

/* --- between fork and exec: async-signal-safe calls only, no allocation --- */

struct plan {
	const char *program;
	char *const *argv;
	char *const *environment;
	int from[FDS_MAX + 3], to[FDS_MAX + 3]; /* sorted by `to` */
	unsigned n;
	int report; /* close-on-exec pipe: errno of what failed */
	const char *folder;
	pid_t parent;
	bool new_session;
	int death_signal;
};

static void child_fail(const struct plan *plan)
{
	int number = errno;
	ssize_t ignored = write(plan->report, &number, sizeof(number));
	(void)ignored;
	_exit(127);
}

/* Marks what lies between the wanted descriptors close-on-exec; the report pipe needs no more. */
static void child_hide_others(const struct plan *plan)
{
	unsigned first = 0;

	for (unsigned i = 0; i <= plan->n; i++) {
		unsigned last = i < plan->n ? (unsigned)plan->to[i] : ~0U;
		if (last > first || i == plan->n) {
			unsigned end = i < plan->n ? last - 1 : ~0U;
			if (close_range(first, end, CLOSE_RANGE_CLOEXEC) < 0)
				child_fail(plan);
		}
		first = last + 1;
	}
}

static void child_exec(struct plan *plan)
{
	sigset_t none;
	struct sigaction standard = {.sa_handler = SIG_DFL};
	int above = 2;

	/* A handler or an ignored SIGPIPE of the daemon is not for its child. */
	for (int i = 1; i < NSIG; i++)
		sigaction(i, &standard, NULL);
	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	if (plan->new_session)
		setsid();
	if (plan->folder && chdir(plan->folder) < 0)
		child_fail(plan);
	if (plan->death_signal) {
		if (prctl(PR_SET_PDEATHSIG, plan->death_signal) < 0)
			child_fail(plan);
		if (getppid() != plan->parent) /* it died before the prctl */
			_exit(127);
	}
	/* First out of the way of all targets, then each to its place. */
	for (unsigned i = 0; i < plan->n; i++)
		above = plan->to[i] > above ? plan->to[i] : above;
	plan->report = fcntl(plan->report, F_DUPFD_CLOEXEC, above + 1);
	if (plan->report < 0)
		_exit(127);
	for (unsigned i = 0; i < plan->n; i++) {
		plan->from[i] = fcntl(plan->from[i], F_DUPFD_CLOEXEC, above + 1);
		if (plan->from[i] < 0)
			child_fail(plan);
	}
	for (unsigned i = 0; i < plan->n; i++)
		if (dup2(plan->from[i], plan->to[i]) < 0)
			child_fail(plan);
	child_hide_others(plan);
	execve(plan->program, plan->argv, plan->environment);
	child_fail(plan);
}

/* --- in the parent --- */

static bool plan_fd(struct plan *plan, int from, int to, GError **error)
{
	unsigned i = plan->n;

	if (to < 0)
		to = from;
	for (unsigned k = 0; k < plan->n; k++)
		if (plan->to[k] == to) {
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
			    "descriptor %d is given to the child twice", to);
			return false;
		}
	for (; i > 0 && plan->to[i - 1] > to; i--) {
		plan->to[i] = plan->to[i - 1];
		plan->from[i] = plan->from[i - 1];
	}
	plan->from[i] = from;
	plan->to[i] = to;
	plan->n++;
	return true;
}

static bool plan_fds(
    struct plan *plan, const struct process_spawn *spawn, int null_fd, GError **error)
{
	int out = spawn->stdout_fd < 0 ? STDOUT_FILENO : spawn->stdout_fd;
	int err = spawn->stderr_fd < 0 ? STDERR_FILENO : spawn->stderr_fd;

	if (spawn->n_fds > FDS_MAX) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_INVALID, "more than %d descriptors", FDS_MAX);
		return false;
	}
	/* One of ours may itself be closed: then the child gets /dev/null. */
	if (fcntl(out, F_GETFD) < 0)
		out = null_fd;
	if (fcntl(err, F_GETFD) < 0)
		err = null_fd;
	if (!plan_fd(plan, spawn->stdin_fd < 0 ? null_fd : spawn->stdin_fd, 0, error) ||
	    !plan_fd(plan, out, 1, error) || !plan_fd(plan, err, 2, error))
		return false;
	for (unsigned i = 0; i < spawn->n_fds; i++)
		if (!plan_fd(plan, spawn->fds[i].parent_fd, spawn->fds[i].child_fd, error))
			return false;
	return true;
}

static char *find_program(const char *name, GError **error)
{
	if (strchr(name, '/'))
		return g_canonicalize_filename(name, NULL);
	char *path = g_find_program_in_path(name);
	if (!path)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
		    "the program %s is not in PATH; is it installed?", name);
	return path;
}

pid_t process_spawn(const struct process_spawn *spawn, GError **error)
{
	struct plan plan = {.parent = getpid(),
	    .folder = spawn->folder,
	    .new_session = spawn->new_session,
	    .death_signal = spawn->death_signal};
	int pipe_fds[2], number = 0;
	g_autofree char *program = find_program(spawn->argv[0], error);
	AUTO_FD null_fd = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (!program || !plan_fds(&plan, spawn, null_fd, error))
		return -1;
	if (null_fd < 0 || pipe2(pipe_fds, O_CLOEXEC) < 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED, "cannot start %s: %s", program,
		    g_strerror(errno));
		return -1;
	}
	plan.program = program;
	plan.argv = (char *const *)spawn->argv;
	plan.environment = spawn->environment ? (char *const *)spawn->environment : environ;
	plan.report = pipe_fds[1];

	AUTO_FD report = pipe_fds[0];
	pid_t pid = fork();
	if (pid == 0)
		child_exec(&plan);
	int fork_errno = errno;
	close(pipe_fds[1]);
	if (pid < 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED, "cannot start %s: %s", program,
		    g_strerror(fork_errno));
		return -1;
	}
	ssize_t n;
	do {
		n = read(report, &number, sizeof(number));
	} while (n < 0 && errno == EINTR);
	if (n == 0)
		return pid;
	waitpid(pid, NULL, 0);
	g_set_error(error, QVMI_ERROR, number == ENOENT ? QVMI_ERROR_NOT_FOUND : QVMI_ERROR_FAILED,
	    "cannot start %s: %s", program, g_strerror(number));
	return -1;
}

static bool wait_end(int pidfd, unsigned ms)
{
	struct pollfd poll_fd = {.fd = pidfd, .events = POLLIN};
	gint64 until = g_get_monotonic_time() + (gint64)ms * 1000;

	for (;;) {
		gint64 left = MAX((until - g_get_monotonic_time() + 999) / 1000, 0);
		int n = poll(&poll_fd, 1, (int)MIN(left, G_MAXINT));
		if (n > 0)
			return true;
		if (n == 0 || errno != EINTR)
			return false;
	}
}

void process_end(pid_t pid, uint64_t start_time, unsigned grace_ms)
{
	/* The descriptor pins the process: after the check the pid cannot become another's. */
	AUTO_FD pidfd = pid > 0 ? pidfd_open(pid, 0) : -1;

	if (pidfd >= 0 && process_is(pid, start_time)) {
		pidfd_send_signal(pidfd, SIGTERM, NULL, 0);
		if (!wait_end(pidfd, grace_ms)) {
			pidfd_send_signal(pidfd, SIGKILL, NULL, 0);
			wait_end(pidfd, 5000);
		}
	}
	if (pid > 0)
		waitpid(pid, NULL, WNOHANG); /* reaps it when it is our child */
}

void process_raise_descriptors(uint64_t wanted)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit) < 0 || limit.rlim_cur >= wanted)
		return;
	limit.rlim_cur = MIN((rlim_t)wanted, limit.rlim_max);
	setrlimit(RLIMIT_NOFILE, &limit);
}
