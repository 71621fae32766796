/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/child.h"

#include <signal.h>
#include <sys/wait.h>

#include "common/process.h"
#include "mtp-server/link.h"

#define END_S 3

struct child {
	pid_t pid;
	bool reaped, let_end;
	guint timer;
};

static void free_if_done(struct child *child)
{
	if (!child->reaped || !child->let_end)
		return;
	if (child->timer)
		g_source_remove(child->timer);
	g_free(child);
}

static void on_reaped(GPid pid, gint status, gpointer data)
{
	struct child *child = data;
	if (WIFSIGNALED(status))
		g_warning("a phone's worker (pid %d) was killed by signal %d (%s)", (int)pid,
		    WTERMSIG(status), g_strsignal(WTERMSIG(status)));
	g_spawn_close_pid(pid);
	child->reaped = true;
	free_if_done(child);
}

static gboolean on_overdue(gpointer data)
{
	struct child *child = data;
	child->timer = 0;
	kill(child->pid, SIGKILL); /* not reaped yet, so it is still this process */
	return G_SOURCE_REMOVE;
}

struct child *child_new(const char *program, int link, GError **error)
{
	const char *argv[] = {program, NULL};
	struct process_fd fd = {.parent_fd = link, .child_fd = LINK_FD};
	struct process_spawn spawn = {.argv = argv,
	    .fds = &fd,
	    .n_fds = 1,
	    .stdin_fd = -1,
	    .stdout_fd = -1,
	    .stderr_fd = -1,
	    .death_signal = SIGKILL};
	pid_t pid = process_spawn(&spawn, error);
	if (pid < 0)
		return NULL;
	struct child *child = g_new0(struct child, 1);
	child->pid = pid;
	g_child_watch_add(pid, on_reaped, child);
	return child;
}

void child_let_end(struct child *child)
{
	child->let_end = true;
	if (!child->reaped)
		child->timer = g_timeout_add_seconds(END_S, on_overdue, child);
	free_if_done(child);
}
