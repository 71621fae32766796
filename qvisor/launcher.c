/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/launcher.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"

#define ANSWER_S 10

static int connect_to(const char *path, GError **error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	const struct timeval limit = {.tv_sec = ANSWER_S};
	AUTO_FD fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);
	g_strlcpy(address.sun_path, path, sizeof(address.sun_path));
	if (fd >= 0 && strlen(path) < sizeof(address.sun_path) &&
	    !connect(fd, (struct sockaddr *)&address, sizeof(address)) &&
	    !setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)))
		return fd_steal(&fd);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
	    "qvisor-launch does not answer at %s (host.launcher): %s", path, g_strerror(errno));
	return -1;
}

union control {
	struct cmsghdr header;
	char space[CMSG_SPACE(LAUNCH_START_FDS * sizeof(int))];
};

static bool send_request(
    int socket, const GByteArray *request, const int *fds, unsigned fd_count, GError **error)
{
	union control control = {.header = {.cmsg_level = SOL_SOCKET,
	                             .cmsg_type = SCM_RIGHTS,
	                             .cmsg_len = CMSG_LEN(fd_count * sizeof(int))}};
	struct iovec part = {request->data, request->len};
	struct msghdr message = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = CMSG_SPACE(fd_count * sizeof(int))};
	memcpy(CMSG_DATA(&control.header), fds, fd_count * sizeof(int));
	if (sendmsg(socket, &message, MSG_NOSIGNAL) == (ssize_t)request->len)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "qvisor-launch cannot be asked: %s",
	    g_strerror(errno));
	return false;
}

/* *pidfd stays -1 when none came. */
static bool receive_reply(int socket, struct launch_reply *reply, int *pidfd, GError **error)
{
	union control control;
	struct iovec part = {reply, sizeof(*reply)};
	struct msghdr message = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = &control,
	    .msg_controllen = sizeof(control)};
	if (recvmsg(socket, &message, MSG_CMSG_CLOEXEC) != sizeof(*reply)) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "qvisor-launch has not answered");
		return false;
	}
	const struct cmsghdr *one = CMSG_FIRSTHDR(&message);
	if (one && one->cmsg_type == SCM_RIGHTS && one->cmsg_len == CMSG_LEN(sizeof(int)))
		memcpy(pidfd, CMSG_DATA(one), sizeof(int));
	reply->error[sizeof(reply->error) - 1] = 0;
	if (!reply->error[0])
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "qvisor-launch: %s", reply->error);
	return false;
}

static bool ask(const char *path, const GByteArray *request, const int *fds, unsigned fd_count,
    struct launch_reply *reply, int *pidfd, GError **error)
{
	AUTO_FD socket = connect_to(path, error);
	return socket >= 0 && send_request(socket, request, fds, fd_count, error) &&
	       receive_reply(socket, reply, pidfd, error);
}

static void add(GByteArray *request, const char *text)
{
	g_byte_array_append(request, (const guint8 *)text, strlen(text) + 1);
}

pid_t launcher_start(
    const char *socket, const struct launcher_start *start, int *pidfd, GError **error)
{
	g_autoptr(GByteArray) request = g_byte_array_new();
	struct launch_reply reply;
	add(request, "qvl1");
	add(request, "start");
	add(request, start->uuid);
	for (const char *const *file = start->files; file && *file; file++)
		add(request, *file);
	add(request, "--");
	for (char **argument = start->argv + 1; *argument; argument++)
		if (!strcmp(*argument, "-sandbox") && argument[1])
			argument++; /* the launcher's own is at least as strict */
		else
			add(request, *argument);
	*pidfd = -1;
	if (!ask(socket, request, start->fds, LAUNCH_START_FDS, &reply, pidfd, error))
		return -1;
	if (reply.pid > 0 && *pidfd >= 0)
		return reply.pid;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "qvisor-launch has sent no process");
	return -1;
}

bool launcher_kill(const char *socket, int pidfd, GError **error)
{
	g_autoptr(GByteArray) request = g_byte_array_new();
	struct launch_reply reply;
	int none = -1;
	add(request, "qvl1");
	add(request, "kill");
	return ask(socket, request, &pidfd, 1, &reply, &none, error);
}
