/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/launch_message.h"

#include <string.h>
#include <sys/socket.h>

bool launch_message_receive(int client, struct launch_message *message)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(message->fds))];
	} control;
	struct iovec part = {message->bytes, sizeof(message->bytes)};
	struct msghdr header = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};
	ssize_t n = recvmsg(client, &header, MSG_CMSG_CLOEXEC);
	message->fd_count = 0;
	if (n <= 0)
		return false;
	const struct cmsghdr *one = CMSG_FIRSTHDR(&header);
	if (one && one->cmsg_level == SOL_SOCKET && one->cmsg_type == SCM_RIGHTS) {
		message->fd_count = (unsigned)((one->cmsg_len - CMSG_LEN(0)) / sizeof(int));
		memcpy(message->fds, CMSG_DATA(one), message->fd_count * sizeof(int));
	}
	message->size = header.msg_flags & (MSG_TRUNC | MSG_CTRUNC) ? 0 : (size_t)n;
	return true;
}

void launch_message_reply(
    int client, const struct launch_reply *reply, const int *fds, unsigned fd_count)
{
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(LAUNCH_PAIR_FDS * sizeof(int))];
	} control = {.header = {.cmsg_level = SOL_SOCKET,
	                 .cmsg_type = SCM_RIGHTS,
	                 .cmsg_len = CMSG_LEN(fd_count * sizeof(int))}};
	struct iovec part = {(void *)reply, sizeof(*reply)};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	if (fd_count) {
		memcpy(CMSG_DATA(&control.header), fds, fd_count * sizeof(int));
		header.msg_control = &control;
		header.msg_controllen = CMSG_SPACE(fd_count * sizeof(int));
	}
	sendmsg(client, &header, MSG_NOSIGNAL | MSG_DONTWAIT);
}
