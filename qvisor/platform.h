/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who starts and ends QEMU for us on this machine: we ourselves (native.h) or libvirt's daemon
 * (libvirt_platform.h), as host.platform says. Above it nothing differs: whoever has started it,
 * QEMU's control socket and its agent's are in the phone's folder, and it is watched by a pidfd.
 * A driver embeds this struct. Main thread.
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>

#include "qvisor/qemu_command.h"
#include "qvisor/qemu_process.h"

/* `process` belongs to who is told; NULL with `error`. */
typedef void (*platform_started_fn)(void *data, struct qemu_process *process, const GError *error);

struct platform_spawn {
	const struct qemu_command *command; /* its sockets are the driver's to fill in */
	const char
	    *folder; /* qmp.sock, agent.sock and, where the driver can, qemu.log are made here */
	const char *uuid;         /* the phone's; of a template's boot any that nobody else has */
	bool child;               /* a template's first boot: nothing of it outlives us for long */
	const char *const *files; /* NULL-terminated: what it reads beside the phone's disk */
	/* By this one, a socket that stays the caller's, it can be asked to fork (zygote.h); NULL:
	 * nobody will. Only where `may_fork`. */
	const int *fork_socket;
	/* Once it is cancelled `started` is not called any more, and what has been started is
	 * ended.
	 */
	GCancellable *cancellable;
	void (*exited)(void *data, const char *how); /* as struct qemu_process has it */
	void *data;                                  /* of both */
};

/* Does somebody know about a QEMU of ours? By pid, or, where that is NULL, by uuid. */
typedef bool (*platform_known_fn)(void *data, const char *uuid, pid_t pid);

struct platform {
	const char *name;
	/* QEMU's working directory is the phone's folder: the disk's path is relative to it, so
	 * that the folder may be renamed. */
	bool in_folder;
	bool may_fork; /* spawn->fork_socket */
	bool may_wait; /* a child may wait for a clone request, under another phone's name */

	/* Answers once, and may do so before it returns. Nothing of `spawn` but what it points to
	 * by `cancellable` and `data` is used afterwards. */
	void (*start)(struct platform *platform, const struct platform_spawn *spawn,
	    platform_started_fn started);
	/* One that a qvisord before us has started. QVMI_ERROR_NOT_FOUND when it is gone. */
	struct qemu_process *(*adopt)(struct platform *platform, const char *uuid, pid_t pid,
	    uint64_t start_time, void (*exited)(void *data, const char *how), void *data,
	    GError **error);
	/* Ends one that is not watched, if it is still the same. Blocks for a second at most. */
	void (*end)(struct platform *platform, const char *uuid, pid_t pid, uint64_t start_time);
	/* Ends every QEMU of a phone below our state folder that is not known: what we had started
	 * and not recorded when we were killed. Once, at start; may go on later. */
	void (*sweep)(struct platform *platform, platform_known_fn known, void *data);
	/* What GET /v1/host says: who it is, and what a phone's QEMU is kept in ("launcher") and
	 * not ("without"). */
	void (*describe)(const struct platform *platform, JsonObject *about, JsonObject *jail);
	void (*free)(struct platform *platform);
};

struct platform_settings {
	const char *wanted;       /* host.platform: "native" or "libvirt:URI" */
	const char *launcher;     /* host.launcher */
	const char *state_folder; /* there, and ours alone */
};

/* QVMI_ERROR_INVALID, or QVMI_ERROR_UNAVAILABLE when libvirt does not answer; `settings`' texts
 * outlive it. */
struct platform *platform_open(const struct platform_settings *settings, GError **error);
