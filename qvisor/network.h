/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A network of phones: a namespace with a packet filter in it (network_policy.h), and in it a
 * passt(1) for each phone, which turns the guest's packets into sockets of its own. One for each
 * policy that phones of this host have (networks.h). docs/decisions/110.
 *
 * The namespace is held by a process that does nothing (the fence), and is connected to the host's
 * network by pasta(1), both with our own user id and no privilege: the namespace belongs to a user
 * namespace. Both outlive us, as phones do; a restarted daemon finds them by pid and start time,
 * and sets the rules anew. They also follow the host's addresses while it runs. Main thread.
 */
#pragma once

#include <sys/types.h>

#include "common/cleanup.h"
#include "qvisor/network_policy.h"

struct network;

/* Takes `policy`. Blocks for some 100 ms when it has to be made. `folder` is where its record is,
 * `name` part of that file's name ("": there is but one). */
struct network *network_open(
    const char *folder, const char *name, struct network_policy *policy, GError **error);
/* `in_use`: phones run, and it goes on without us. */
void network_close(struct network *network, bool in_use);

/* The names of those that are recorded in the folder; elements are char *, caller unrefs. */
GPtrArray *network_list(const char *folder);
/* Ends one that is recorded and that nobody has opened. */
void network_remove(const char *folder, const char *name);

/* A passt for one phone, which lives as long as the descriptor that is returned, QEMU's end of a
 * stream socket (netdev "socket", QEMU's invocation manual); its log goes to FOLDER/passt.log.
 * `*pid` is our child. -1 with error. Caller closes. */
int network_attach(struct network *network, const char *folder, pid_t *pid, GError **error);
