/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/descriptor.h"

#include <errno.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "common/unix_socket.h"

union control {
	struct cmsghdr header; /* for its alignment */
	char bytes[CMSG_SPACE(sizeof(int) * DESCRIPTOR_MAX_FDS)];
};

static void fail(GError **error, const char *doing)
{
	int number = errno;

	if (number == EAGAIN || number == EWOULDBLOCK)
		g_set_error(
		    error, G_IO_ERROR, G_IO_ERROR_WOULD_BLOCK, "%s would have to wait", doing);
	else
		g_set_error(error, QVMI_ERROR,
		    number == EPIPE || number == ECONNRESET ? QVMI_ERROR_UNAVAILABLE
		                                            : QVMI_ERROR_FAILED,
		    "cannot %s: %s", doing, g_strerror(number));
}

bool descriptor_send(
    int socket, const void *message, size_t n, const int *fds, unsigned n_fds, GError **error)
{
	struct iovec part = {.iov_base = (void *)message, .iov_len = n};
	struct msghdr header = {.msg_iov = &part, .msg_iovlen = 1};
	union control control;
	ssize_t sent;

	/* An empty packet could not be told from the end of the stream. */
	if (n == 0 || n > DESCRIPTOR_MAX_MESSAGE || n_fds > DESCRIPTOR_MAX_FDS) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_TOO_LARGE,
		    "a packet of %zu bytes with %u descriptors is out of bounds", n, n_fds);
		return false;
	}
	if (n_fds > 0) {
		memset(&control, 0, sizeof(control));
		header.msg_control = control.bytes;
		header.msg_controllen = CMSG_SPACE(sizeof(int) * n_fds);
		struct cmsghdr *part_header = CMSG_FIRSTHDR(&header);
		part_header->cmsg_level = SOL_SOCKET;
		part_header->cmsg_type = SCM_RIGHTS;
		part_header->cmsg_len = CMSG_LEN(sizeof(int) * n_fds);
		memcpy(CMSG_DATA(part_header), fds, sizeof(int) * n_fds);
	}
	do {
		sent = sendmsg(socket, &header, MSG_NOSIGNAL);
	} while (sent < 0 && errno == EINTR);
	if (sent < 0) {
		fail(error, "send a packet");
		return false;
	}
	return true;
}

/* Takes what came into `fds` up to `room`, closes the rest; false when there was a rest. */
static bool take_fds(struct msghdr *header, int *fds, unsigned room, unsigned *n_fds)
{
	bool fits = true;

	*n_fds = 0;
	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part)) {
		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		unsigned n = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		for (unsigned i = 0; i < n; i++) {
			int fd;
			memcpy(&fd, CMSG_DATA(part) + i * sizeof(int), sizeof(int));
			if (*n_fds < room) {
				fds[(*n_fds)++] = fd;
			} else {
				close(fd);
				fits = false;
			}
		}
	}
	return fits;
}

ssize_t descriptor_receive(
    int socket, void *message, size_t size, int *fds, unsigned *n_fds, GError **error)
{
	struct iovec part = {.iov_base = message, .iov_len = size};
	union control control;
	struct msghdr header = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes)};
	unsigned room = n_fds ? *n_fds : 0, taken = 0;
	ssize_t n;

	if (n_fds)
		*n_fds = 0;
	do {
		n = recvmsg(socket, &header, MSG_CMSG_CLOEXEC);
	} while (n < 0 && errno == EINTR);
	if (n < 0) {
		fail(error, "receive a packet");
		return -1;
	}
	bool fits = take_fds(&header, fds, room, &taken);
	if (!fits || (header.msg_flags & (MSG_TRUNC | MSG_CTRUNC))) {
		for (unsigned i = 0; i < taken; i++)
			close(fds[i]);
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_TOO_LARGE,
		    "a packet or its descriptors did not fit (room for %zu bytes, %u descriptors)",
		    size, room);
		return -1;
	}
	if (n_fds)
		*n_fds = taken;
	return n;
}

int descriptor_listen(const char *path, GError **error)
{
	return unix_socket_listen(path, SOCK_SEQPACKET, 0600, error);
}

int descriptor_connect(const char *path, GError **error)
{
	return unix_socket_connect(path, SOCK_SEQPACKET, error);
}

bool descriptor_pair(int type, int pair[2], GError **error)
{
	if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, pair) == 0)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED, "cannot make a pair of sockets: %s",
	    g_strerror(errno));
	return false;
}

bool descriptor_peer(int socket, uid_t *uid, pid_t *pid, GError **error)
{
	return unix_socket_peer(socket, uid, pid, error);
}
