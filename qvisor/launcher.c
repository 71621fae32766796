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
	    .msg_controllen = fd_count ? CMSG_SPACE(fd_count * sizeof(int)) : 0};
	if (fd_count)
		memcpy(CMSG_DATA(&control.header), fds, fd_count * sizeof(int));
	if (sendmsg(socket, &message, MSG_NOSIGNAL) == (ssize_t)request->len)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE, "qvisor-launch cannot be asked: %s",
	    g_strerror(errno));
	return false;
}

/* True: exactly `fd_count` descriptors came, which are the caller's. */
static bool receive_reply(
    int socket, struct launch_reply *reply, int *fds, unsigned fd_count, GError **error)
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
	int came[LAUNCH_START_FDS];
	unsigned n = 0;
	const struct cmsghdr *one = CMSG_FIRSTHDR(&message);
	if (one && one->cmsg_type == SCM_RIGHTS) {
		n = (one->cmsg_len - CMSG_LEN(0)) / sizeof(int);
		memcpy(came, CMSG_DATA(one), n * sizeof(int));
	}
	reply->error[sizeof(reply->error) - 1] = reply->without[sizeof(reply->without) - 1] = 0;
	if (!reply->error[0] && n == fd_count) {
		for (unsigned i = 0; i < n; i++)
			fds[i] = came[i];
		return true;
	}
	while (n)
		close(came[--n]);
	if (reply->error[0])
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_FAILED, "qvisor-launch: %s", reply->error);
	else
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "qvisor-launch has sent no descriptor");
	return false;
}

/* What is sent and what comes back, by descriptors. */
struct descriptors {
	const int *sent;
	unsigned sent_count;
	int *taken;
	unsigned taken_count;
};

static bool ask(const char *path, const GByteArray *request, const struct descriptors *fds,
    struct launch_reply *reply, GError **error)
{
	AUTO_FD socket = connect_to(path, error);
	return socket >= 0 && send_request(socket, request, fds->sent, fds->sent_count, error) &&
	       receive_reply(socket, reply, fds->taken, fds->taken_count, error);
}

static void add(GByteArray *request, const char *text)
{
	g_byte_array_append(request, (const guint8 *)text, strlen(text) + 1);
}

static void add_number(GByteArray *request, unsigned number)
{
	g_autofree char *text = g_strdup_printf("%u", number);
	add(request, text);
}

static GByteArray *request_new(const char *operation)
{
	GByteArray *request = g_byte_array_new();
	add(request, "qvl1");
	add(request, operation);
	return request;
}

pid_t launcher_start(
    const char *socket, const struct launcher_start *start, int *pidfd, GError **error)
{
	g_autoptr(GByteArray) request = request_new(start->build ? "build" : "start");
	const struct descriptors fds = {start->fds, LAUNCH_START_FDS, pidfd, 1};
	struct launch_reply reply;
	*pidfd = -1;
	add(request, start->uuid);
	if (start->build)
		add(request, start->build);
	add_number(request, start->memory_mib);
	add_number(request, start->cpu_percent);
	for (const char *const *file = start->files; file && *file; file++)
		add(request, *file);
	add(request, "--");
	for (char **argument = start->argv + 1; *argument; argument++)
		if (!strcmp(*argument, "-sandbox") && argument[1])
			argument++; /* the launcher's own is at least as strict */
		else
			add(request, *argument);
	return ask(socket, request, &fds, &reply, error) ? reply.pid : -1;
}

bool launcher_kill(const char *socket, int pidfd, GError **error)
{
	g_autoptr(GByteArray) request = request_new("kill");
	const struct descriptors fds = {&pidfd, 1, NULL, 0};
	struct launch_reply reply;
	return ask(socket, request, &fds, &reply, error);
}

bool launcher_pair(const char *socket, int pidfd, int end, int pair[2], GError **error)
{
	g_autoptr(GByteArray) request = request_new("pair");
	const int sent[] = {pidfd, end};
	const struct descriptors fds = {sent, LAUNCH_PAIR_FDS, pair, 2};
	struct launch_reply reply;
	return ask(socket, request, &fds, &reply, error);
}

bool launcher_about(const char *socket, struct launch_reply *about, GError **error)
{
	g_autoptr(GByteArray) request = request_new("about");
	const struct descriptors fds = {NULL, 0, NULL, 0};
	return ask(socket, request, &fds, about, error);
}
