/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvisord's end of qvisor-launch (launch_request.h): QEMU started in a jail of its own, under a
 * user id of its own, and killed again, which we may not do ourselves then. A connection a request;
 * each blocks for some milliseconds. Main thread.
 */
#pragma once

#include <glib.h>
#include <sys/types.h>

#include "qvisor/launch_request.h"
#include "qvisor/qemu_limits.h"

struct launcher_start {
	const char *uuid;
	const char *build; /* the name of the folder that a template is built in; NULL: a phone */
	struct qemu_limits limits;
	char **argv;              /* as qemu_command_build() makes it */
	const char *const *files; /* NULL-terminated: what QEMU reads beside the phone's disk */
	int fds[LAUNCH_START_FDS];
	const int *fork_socket; /* of one that phones are forked from (zygote.h); NULL: another */
};

/* The pid, and a pidfd in *pidfd, which the caller closes; -1 with the launcher's words. */
pid_t launcher_start(
    const char *socket, const struct launcher_start *start, int *pidfd, GError **error);
/* One that was forked, of whom `pidfd` is: its limits, and its disk in the place of that of the one
 * that it comes from. */
struct launcher_forked {
	const char *uuid, *parent;
	const struct qemu_limits *limits;
	int pidfd;
};

bool launcher_confine(const char *socket, const struct launcher_forked *forked, GError **error);
/* SIGKILL. */
bool launcher_kill(const char *socket, int pidfd, GError **error);
/* Two sockets, for which `end`, of a pair that somebody else has made, is the evidence of who that
 * is (launch_pair.h): one for the QEMU of `pidfd`, the other for him. The caller closes them. */
bool launcher_pair(const char *socket, int pidfd, int end, int pair[2], GError **error);
/* What the launcher says of itself ("about"). */
bool launcher_about(const char *socket, struct launch_reply *about, GError **error);
