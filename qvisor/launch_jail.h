/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The jail of one QEMU: mount, process, network, IPC and UTS namespaces of its own (namespaces(7)),
 * a root with /usr, four devices and the files that were named, a uid that nobody else has, no
 * capability and no way to one (PR_SET_NO_NEW_PRIVS), QEMU's full seccomp sandbox, and a control
 * group. Plain C, root.
 *
 * One that phones are forked from (decision 201) makes their namespaces and takes their user ids
 * itself: it has no process namespace, is root of a user namespace of its block of ids
 * (launch_users.h) with the three capabilities for that, and its sandbox is kept for its children.
 */
#pragma once

#include <sys/types.h>

#include "qvisor/launch_request.h"
#include "qvisor/launch_users.h"

struct launch_options {
	const char *qemu;            /* absolute; this and the next are all that is ever run: */
	const char *qemu_aarch64;    /* for the machine "virt", which the other does not have */
	const char *state_folder;    /* a phone's disk is state_folder/UUID/overlay.qcow2 */
	const char *template_folder; /* a template that is built: template_folder/NAME.part */
	const char *cgroup;          /* of version 2, ours to divide; NULL: none */
	uid_t daemon_uid;            /* qvisord's */
	gid_t daemon_gid;
	struct launch_users users;
	const char *library; /* that forks a QEMU (qvisor/zygote), absolute; NULL: there is none */
	unsigned memory_max_mib, cpu_max_percent, pids_max, io_max_mib; /* of a phone; 0: none */
	/* launch_cgroup_prepare() fills them in: */
	char io_device[24]; /* "8:0", the disk that io_max_mib is of; "": none */
	char without[64];   /* as struct launch_reply has it */
};

/* Starts it. `fds`: as the request has them; they stay open here. *pidfd is the caller's. The pid,
 * or -1 with a text in `error`. */
pid_t launch_jail_start(const struct launch_options *options, const struct launch_request *request,
    const int *fds, int *pidfd, char error[static 252]);
/* The rest of the jail of one that was forked (`request`: "confine"): its limits, its own disk
 * under the name that its parent had for its, and what it knows its own pages by (ZYGOTE_PAGEMAP).
 */
bool launch_jail_confine(const struct launch_options *options, const struct launch_request *request,
    pid_t pid, int pidfd, char error[static 252]);
/* Whether a process is in a jail that was made for this state folder: by its user id, and by its
 * root, which it cannot change. */
bool launch_jail_owns(const struct launch_options *options, pid_t pid);
