/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/rule_process.h"

#include <fcntl.h>
#include <glib-unix.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "common/process.h"

void rule_process_init(struct rule_process *p)
{
	*p = (struct rule_process){0, -1, -1};
}

bool rule_process_start(
    struct rule_process *p, const char *program, const char *script, GError **error)
{
	const char *const argv[] = {program, script, NULL};
	int in[2], out[2];

	if (!g_unix_open_pipe(in, FD_CLOEXEC, error))
		return false;
	if (!g_unix_open_pipe(out, FD_CLOEXEC, error)) {
		close(in[0]);
		close(in[1]);
		return false;
	}
	p->in = in[1];
	p->out = out[0];
	p->pid = process_spawn(&(struct process_spawn){.argv = argv,
	                           .stdin_fd = in[0],
	                           .stdout_fd = out[1],
	                           .stderr_fd = -1,
	                           .death_signal = SIGKILL},
	    error);
	close(in[0]);
	close(out[1]);
	if (p->pid > 0 && g_unix_set_fd_nonblocking(p->in, TRUE, error) &&
	    g_unix_set_fd_nonblocking(p->out, TRUE, error))
		return true;
	rule_process_stop(p, false);
	return false;
}

static void reaped(GPid pid, gint status, gpointer data)
{
	(void)pid;
	(void)status;
	(void)data;
}

void rule_process_stop(struct rule_process *p, bool wait)
{
	if (p->in >= 0)
		close(p->in);
	if (p->out >= 0)
		close(p->out);
	if (p->pid > 0) {
		kill(p->pid, SIGKILL);
		if (wait)
			waitpid(p->pid, NULL, 0);
		else
			g_child_watch_add(p->pid, reaped, NULL);
	}
	rule_process_init(p);
}
