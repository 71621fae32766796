/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The phones' network: one namespace a host with a packet filter in it (network_policy.h), and in
 * it a passt(1) for each phone, which turns the guest's packets into sockets of its own.
 * docs/decisions/110.
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

/* Takes `policy`. Blocks for some 100 ms when it has to be made. `folder` is where its record and
 * its log are. */
struct network *network_open(const char *folder, struct network_policy *policy, GError **error);
/* `in_use`: phones run, and it goes on without us. */
void network_close(struct network *network, bool in_use);

/* A passt for one phone, which lives as long as the descriptor that is returned, QEMU's end of a
 * stream socket (netdev "socket", QEMU's invocation manual); its log goes to FOLDER/passt.log.
 * `*pid` is our child. -1 with error. Caller closes. */
int network_attach(struct network *network, const char *folder, pid_t *pid, GError **error);
