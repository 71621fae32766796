/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Children and the identity of processes: pid alone is reused, pid and start time are not. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Start time in clock ticks since boot: field 22 of /proc/PID/stat (proc(5)); 0 when there is no
 * such process or it is a zombie. */
uint64_t process_start_time(pid_t pid);
/* Is this very process still alive? */
bool process_is(pid_t pid, uint64_t start_time);

/* A descriptor to hand to the child, under the number `child_fd` or, when that is -1, under the
 * same number as here. */
struct process_fd {
	int parent_fd; /* kept open in the parent */
	int child_fd;
};
struct process_spawn {
	const char *const
	    *argv; /* NULL-terminated, argv[0] is looked up in PATH unless it has a '/' */
	const char *const *environment; /* NULL: inherit */
	const struct process_fd
	    *fds; /* `n_fds` of them; every other descriptor above 2 is closed in the child */
	unsigned n_fds;
	int stdin_fd, stdout_fd, stderr_fd; /* -1: /dev/null for stdin, inherit for the others */
	const char *folder;                 /* the working directory; NULL: ours */
	bool new_session;                   /* setsid: outlives us, gets no terminal signals */
	int death_signal;                   /* PR_SET_PDEATHSIG, 0: none */
};
/* Returns the pid, or -1 with error. Exec failure is reported here (through a close-on-exec pipe),
 * not as an exit code. */
pid_t process_spawn(const struct process_spawn *spawn, GError **error);
/* SIGTERM, wait up to `grace_ms`, SIGKILL. Also works on processes that are not our children (by
 * start time). Blocks. */
void process_end(pid_t pid, uint64_t start_time, unsigned grace_ms);

/* Raises our soft limit of open files (RLIMIT_NOFILE) to `wanted`, or as far as the hard one lets
 * us: the default of 1024 is for programs that use select(2). */
void process_raise_descriptors(uint64_t wanted);
