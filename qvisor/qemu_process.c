/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/qemu_process.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/pidfd.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/error.h"
#include "common/process.h"
#include "qvisor/folder_socket.h"
#include "qvisor/launcher.h"
#include "qvisor/qemu_command.h"
#include "qvisor/zygote_link.h"

#define END_GRACE_MS 1000

#ifndef P_PIDFD
#define P_PIDFD 3
#endif

static gboolean on_process_exit(int fd, GIOCondition condition, void *pointer)
{
	(void)condition;
	struct qemu_process *process = pointer;
	g_autofree char *how = NULL;
	siginfo_t info = {0};
	/* An adopted process is not our child: waitid fails and its code stays unknown. */
	if (waitid((idtype_t)P_PIDFD, fd, &info, WEXITED | WNOHANG) == 0 && info.si_pid)
		how = info.si_code == CLD_EXITED
		          ? g_strdup_printf("ended with code %d", info.si_status)
		          : g_strdup_printf("was killed by signal %d", info.si_status);
	process->source = 0;
	process->exited(process->data, how ? how : "ended");
	return G_SOURCE_REMOVE;
}

struct qemu_process *qemu_process_watch(
    pid_t pid, int pidfd, void (*exited)(void *data, const char *how), void *data)
{
	struct qemu_process *process = g_new0(struct qemu_process, 1);
	*process = (struct qemu_process){.pid = pid,
	    .start_time = process_start_time(pid),
	    .pidfd = pidfd,
	    .exited = exited,
	    .data = data};
	process->source = g_unix_fd_add(pidfd, G_IO_IN, on_process_exit, process);
	return process;
}

static int open_log(const char *folder, GError **error)
{
	g_autofree char *path = g_build_filename(folder, "qemu.log", NULL);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
	if (fd < 0)
		qvmi_error_set_errno(error, errno, "cannot write %s", path);
	return fd;
}

bool qemu_process_open_files(const char *folder, int fds[static QEMU_FILES], GError **error)
{
	/* The sockets are made here: who connects before QEMU is up waits in the backlog instead of
	 * trying again and again. */
	AUTO_FD log = open_log(folder, error);
	AUTO_FD qmp = log < 0 ? -1 : folder_socket_listen(folder, "qmp.sock", error);
	AUTO_FD agent = qmp < 0 ? -1 : folder_socket_listen(folder, "agent.sock", error);
	bool all = agent >= 0;
	fds[QEMU_FILE_LOG] = all ? fd_steal(&log) : -1;
	fds[QEMU_FILE_QMP] = all ? fd_steal(&qmp) : -1;
	fds[QEMU_FILE_AGENT] = all ? fd_steal(&agent) : -1;
	return all;
}

static pid_t start_jailed(
    const struct qemu_process_spawn *spawn, const int *fds, int *pidfd, GError **error)
{
	g_autofree char *name = g_path_get_basename(spawn->folder);
	struct launcher_start start = {.uuid = spawn->uuid,
	    .build = spawn->build ? name : NULL,
	    .limits = spawn->limits,
	    .fork_socket = spawn->fork_socket,
	    .argv = spawn->argv,
	    .files = spawn->files};
	memcpy(start.fds, fds, sizeof(start.fds));
	return launcher_start(spawn->launcher, &start, pidfd, error);
}

/* Ours, and the library that forks (qvisor/zygote). */
static char **forkable_environment(void)
{
	g_autofree char *library = zygote_library();
	g_autofree char *descriptors = g_strdup_printf("%d", QEMU_FD_FORK);
	char **environment = g_get_environ();
	environment = g_environ_setenv(environment, "LD_PRELOAD", library ? library : "", TRUE);
	return g_environ_setenv(environment, ZYGOTE_VARIABLE, descriptors, TRUE);
}

static pid_t start_child(
    const struct qemu_process_spawn *spawn, const int *fds, int *pidfd, GError **error)
{
	const struct process_fd passed[] = {{fds[QEMU_FILE_QMP], QEMU_FD_QMP},
	    {fds[QEMU_FILE_AGENT], QEMU_FD_AGENT},
	    {spawn->fork_socket ? *spawn->fork_socket : -1, QEMU_FD_FORK}};
	g_auto(GStrv) environment = spawn->fork_socket ? forkable_environment() : NULL;
	const struct process_spawn child = {
	    .argv = (const char *const *)spawn->argv,
	    .environment = (const char *const *)environment,
	    .fds = passed,
	    .n_fds = spawn->fork_socket ? 3 : 2,
	    .folder = spawn->folder,
	    .stdin_fd = -1,
	    .stdout_fd = fds[QEMU_FILE_LOG],
	    .stderr_fd = fds[QEMU_FILE_LOG],
	    .new_session = true,
	    .death_signal = spawn->dies_with_us ? SIGKILL : 0,
	};
	pid_t pid = process_spawn(&child, error);
	if (pid < 0)
		return -1;
	*pidfd = pidfd_open(pid, 0);
	if (*pidfd >= 0)
		return pid;
	g_set_error(
	    error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED, "cannot watch QEMU: %s", g_strerror(errno));
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
	return -1;
}

struct qemu_process *qemu_process_start(const struct qemu_process_spawn *spawn,
    void (*exited)(void *data, const char *how), void *data, GError **error)
{
	int fds[QEMU_FILES];
	if (!qemu_process_open_files(spawn->folder, fds, error))
		return NULL;
	int pidfd = -1;
	pid_t pid = spawn->launcher ? start_jailed(spawn, fds, &pidfd, error)
	                            : start_child(spawn, fds, &pidfd, error);
	for (unsigned i = 0; i < QEMU_FILES; i++)
		close(fds[i]);
	if (pid < 0)
		return NULL;
	struct qemu_process *process = qemu_process_watch(pid, pidfd, exited, data);
	process->launcher = spawn->launcher;
	process->limits = spawn->limits;
	return process;
}

struct qemu_process *qemu_process_adopt(pid_t pid, uint64_t start_time,
    void (*exited)(void *data, const char *how), void *data, GError **error)
{
	/* First the descriptor, then the check: what is checked cannot become another process. */
	AUTO_FD pidfd = pid > 0 ? pidfd_open(pid, 0) : -1;
	if (pidfd < 0 || !process_is(pid, start_time)) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND, "its QEMU (pid %d) is gone", (int)pid);
		return NULL;
	}
	return qemu_process_watch(pid, fd_steal(&pidfd), exited, data);
}

void qemu_process_free(struct qemu_process *process)
{
	if (!process)
		return;
	g_clear_handle_id(&process->source, g_source_remove);
	close(process->pidfd);
	g_free(process->uuid);
	g_free(process);
}

void qemu_process_kill(struct qemu_process *process)
{
	g_autoptr(GError) error = NULL;
	if (process->kill)
		process->kill(process);
	else if (!process->launcher)
		pidfd_send_signal(process->pidfd, SIGKILL, NULL, 0);
	else if (!launcher_kill(process->launcher, process->pidfd, &error))
		g_warning("QEMU (pid %d) cannot be killed: %s", (int)process->pid, error->message);
}

static gboolean on_discarded(int fd, GIOCondition condition, void *data)
{
	(void)condition;
	struct qemu_process *process = data;
	siginfo_t info;
	waitid((idtype_t)P_PIDFD, fd, &info, WEXITED | WNOHANG);
	process->source = 0;
	qemu_process_free(process);
	return G_SOURCE_REMOVE;
}

void qemu_process_discard(struct qemu_process *process)
{
	qemu_process_kill(process);
	g_clear_handle_id(&process->source, g_source_remove);
	process->source = g_unix_fd_add(process->pidfd, G_IO_IN, on_discarded, process);
}

void qemu_process_end(const char *launcher, pid_t pid, uint64_t start_time)
{
	g_autoptr(GError) error = NULL;
	AUTO_FD pidfd = launcher && pid > 0 ? pidfd_open(pid, 0) : -1;
	if (!launcher) {
		process_end(pid, start_time, END_GRACE_MS);
	} else if (pidfd >= 0 && process_is(pid, start_time)) {
		struct pollfd gone = {.fd = pidfd, .events = POLLIN};
		if (!launcher_kill(launcher, pidfd, &error))
			g_warning("QEMU (pid %d) cannot be killed: %s", (int)pid, error->message);
		else
			poll(&gone, 1, END_GRACE_MS);
	}
}

char *qemu_process_last_words(const char *folder)
{
	g_autofree char *path = g_build_filename(folder, "qemu.log", NULL);
	char text[1025];
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	off_t size = fd < 0 ? 0 : lseek(fd, 0, SEEK_END);
	ssize_t n = size <= 0 ? 0 : pread(fd, text, sizeof(text) - 1, MAX(size - 1024, 0));
	text[MAX(n, 0)] = 0;
	g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
	/* Warnings are there when all is well, too. */
	for (unsigned i = g_strv_length(lines); i-- > 0;)
		if (*g_strstrip(lines[i]) && !strstr(lines[i], "warning:"))
			return g_utf8_make_valid(lines[i], -1);
	return g_strdup("");
}

double qemu_process_uptime(const struct qemu_process *process)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	double started = (double)process->start_time / (double)sysconf(_SC_CLK_TCK);
	return (double)now.tv_sec + (double)now.tv_nsec / 1e9 - started;
}
