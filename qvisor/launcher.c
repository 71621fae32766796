/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/launcher.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/descriptor.h"
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

/* True: exactly `fd_count` descriptors came, which are the caller's. */
static bool receive_reply(
    int socket, struct launch_reply *reply, int *fds, unsigned fd_count, GError **error)
{
	int came[DESCRIPTOR_MAX_FDS];
	unsigned n = DESCRIPTOR_MAX_FDS;
	g_autoptr(GError) failure = NULL;
	ssize_t size = descriptor_receive(socket, reply, sizeof(*reply), came, &n, &failure);
	bool whole = size == sizeof(*reply);
	reply->error[sizeof(reply->error) - 1] = reply->without[sizeof(reply->without) - 1] = 0;
	if (whole && !reply->error[0] && n == fd_count) {
		for (unsigned i = 0; i < n; i++)
			fds[i] = came[i];
		return true;
	}
	while (size >= 0 && n)
		close(came[--n]);
	if (whole && reply->error[0])
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_FAILED, "qvisor-launch: %s", reply->error);
	else
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "qvisor-launch has not answered%s%s", failure ? ": " : "",
		    failure ? failure->message : "");
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
	if (socket < 0)
		return false;
	if (!descriptor_send(
	        socket, request->data, request->len, fds->sent, fds->sent_count, error)) {
		g_prefix_error_literal(error, "qvisor-launch cannot be asked: ");
		return false;
	}
	return receive_reply(socket, reply, fds->taken, fds->taken_count, error);
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

static void add_limits(GByteArray *request, const struct qemu_limits *limits)
{
	add_number(request, limits->memory_mib);
	add_number(request, limits->cpu_percent);
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
	g_autoptr(GByteArray) request = request_new(start->build         ? "build"
	                                            : start->fork_socket ? "zygote"
	                                                                 : "start");
	int sent[LAUNCH_ZYGOTE_FDS];
	memcpy(sent, start->fds, sizeof(start->fds));
	if (start->fork_socket)
		sent[LAUNCH_START_FDS] = *start->fork_socket;
	const struct descriptors fds = {
	    sent, start->fork_socket ? LAUNCH_ZYGOTE_FDS : LAUNCH_START_FDS, pidfd, 1};
	struct launch_reply reply;
	*pidfd = -1;
	add(request, start->uuid);
	if (start->build)
		add(request, start->build);
	add_limits(request, &start->limits);
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

bool launcher_confine(const char *socket, const struct launcher_forked *forked, GError **error)
{
	g_autoptr(GByteArray) request = request_new("confine");
	const struct descriptors fds = {&forked->pidfd, 1, NULL, 0};
	struct launch_reply reply;
	add(request, forked->uuid);
	add(request, forked->parent);
	add_limits(request, forked->limits);
	return ask(socket, request, &fds, &reply, error);
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
