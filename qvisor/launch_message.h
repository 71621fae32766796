/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A message of qvisor-launch's socket, with what descriptors come along. Plain C. */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "qvisor/launch_request.h"

#define LAUNCH_MESSAGE_FDS 4

struct launch_message {
	char bytes[LAUNCH_MESSAGE_MAX];
	size_t size; /* 0: more than fits, which is no request */
	int fds[LAUNCH_MESSAGE_FDS];
	unsigned fd_count;
};

/* False at the end of the connection. The descriptors are the caller's. */
bool launch_message_receive(int client, struct launch_message *message);
/* With up to LAUNCH_PAIR_FDS descriptors, which stay the caller's; a client that does not take it
 * has had its answer. */
void launch_message_reply(
    int client, const struct launch_reply *reply, const int *fds, unsigned fd_count);
