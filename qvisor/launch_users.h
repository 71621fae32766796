/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The user ids that phones run as. No list is kept of them: what runs is the truth (proc(5)).
 *
 * One QEMU that others are forked from (zygote.h) has a block of LAUNCH_BLOCK ids, of which the
 * first is its own and stays free otherwise, and each of its children takes one more. As it has to
 * give them away itself, it is root of a user namespace (user_namespaces(7)) that has no other
 * ids. The users who may look at screens are known in there, too, each by an id of the block's
 * end that is nobody's: GLib's D-Bus server compares user ids (decision 180). Plain C, root.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

#include "qvisor/zygote/request.h"

#define LAUNCH_BLOCK 512
#define LAUNCH_DISPLAY_USERS_MAX 8
_Static_assert(1 + ZYGOTE_FORKS_MAX + LAUNCH_DISPLAY_USERS_MAX <= LAUNCH_BLOCK, "one id each");

struct launch_users {
	uid_t first;
	unsigned count;
	uid_t display[LAUNCH_DISPLAY_USERS_MAX]; /* outside */
	unsigned display_count;
};

bool launch_users_have(const struct launch_users *users, uid_t uid);
/* The user of a process; (uid_t)-1 when it is gone. */
uid_t launch_users_of(pid_t pid);

/* One that no process has, and not of a block that is in use. False: none is free, or errno. */
bool launch_users_find(const struct launch_users *users, uid_t *uid);
/* The first of a block that no process has one of. */
bool launch_users_find_block(const struct launch_users *users, uid_t *first);

/* A user namespace with that block: 0 is `first`. A descriptor for setns(2), close-on-exec; -1 with
 * errno. */
int launch_users_namespace(const struct launch_users *users, uid_t first);
/* Who is called `inside` in the user namespace of a process. False when nobody is. */
bool launch_users_translate(pid_t pid, uid_t inside, uid_t *outside);
