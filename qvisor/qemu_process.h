/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One QEMU process, ours or adopted, known by pid and start time and watched by a pidfd
 * (pidfd_open(2)): its death is noticed at once in either case. Main thread. platform.h is what
 * phones are started by.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "common/cleanup.h"
#include "qvisor/qemu_limits.h"

struct platform;

struct qemu_process {
	pid_t pid;
	uint64_t start_time; /* process_start_time() */
	int pidfd;
	guint source;
	/* `how`: "ended with code 1", "was killed by signal 9", "ended". The process is gone; the
	 * object may be freed. */
	void (*exited)(void *data, const char *how);
	void *data;
	const char *launcher;      /* who may kill it in our place; NULL: we do */
	struct qemu_limits limits; /* in a jail, of one that we have started ourselves */
	/* Or the platform that has started it, which knows it by its uuid; NULL: none has. */
	void (*kill)(struct qemu_process *process);
	struct platform *platform;
	char *uuid;
};

struct qemu_process_spawn {
	char **argv;
	const char *folder; /* the sockets qmp.sock and agent.sock and the log qemu.log are made
	                     * here; without a jail it is QEMU's working directory, so that it may
	                     * be renamed */
	bool dies_with_us;  /* a template's first boot; a phone outlives us. One in a jail is ended
	                     * by the next of us */
	/* Socket of qvisor-launch, which starts it in a jail (launcher.h); NULL: as our own child,
	 * and what follows means nothing. */
	const char *launcher;
	const char *uuid;
	const char *const *files;  /* NULL-terminated */
	bool build;                /* a template's first boot, in `folder` */
	struct qemu_limits limits; /* in a jail */
	const int *fork_socket;    /* platform.h; NULL: none */
};

/* What a QEMU finds open. */
enum { QEMU_FILE_QMP, QEMU_FILE_AGENT, QEMU_FILE_LOG, QEMU_FILES };

/* Makes them in its folder; all are -1 after an error. Closed by the caller. */
bool qemu_process_open_files(const char *folder, int fds[static QEMU_FILES], GError **error);

struct qemu_process *qemu_process_start(const struct qemu_process_spawn *spawn,
    void (*exited)(void *data, const char *how), void *data, GError **error);
/* QVMI_ERROR_NOT_FOUND when it is gone. */
struct qemu_process *qemu_process_adopt(pid_t pid, uint64_t start_time,
    void (*exited)(void *data, const char *how), void *data, GError **error);
/* One that we know to be there; takes `pidfd`. */
struct qemu_process *qemu_process_watch(
    pid_t pid, int pidfd, void (*exited)(void *data, const char *how), void *data);
/* Stops watching; the process lives on. */
void qemu_process_free(struct qemu_process *process);
/* By force; `exited` follows. */
void qemu_process_kill(struct qemu_process *process);

/* Kills, reaps and then frees one that is not wanted any more, or has ended by itself; nobody is
 * told. */
void qemu_process_discard(struct qemu_process *process);

/* Seconds since it was started. */
double qemu_process_uptime(const struct qemu_process *process);

/* Ends one that is not watched, if it is still the same. Blocks for a second at most. */
void qemu_process_end(const char *launcher, pid_t pid, uint64_t start_time);

/* The end of FOLDER/qemu.log as one line, for an error message; "" if there is none. Caller frees.
 */
char *qemu_process_last_words(const char *folder);

DEFINE_CLEANUP(qemu_process);
