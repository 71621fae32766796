/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/notify.h"

#include <errno.h>
#include <glib-unix.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"

#define MESSAGE_MAX 4096

struct notify {
	char *path;
	int fd;
	guint source;
	void (*ready)(pid_t pid, void *data);
	void *data;
};

static pid_t sender(struct msghdr *header)
{
	struct ucred credentials;

	for (struct cmsghdr *part = CMSG_FIRSTHDR(header); part; part = CMSG_NXTHDR(header, part))
		if (part->cmsg_level == SOL_SOCKET && part->cmsg_type == SCM_CREDENTIALS) {
			memcpy(&credentials, CMSG_DATA(part), sizeof(credentials));
			return credentials.pid;
		}
	return 0;
}

static gboolean on_message(gint fd, GIOCondition condition, gpointer data)
{
	struct notify *notify = data;
	char text[MESSAGE_MAX + 1];
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(struct ucred))];
	} control;
	struct iovec part = {.iov_base = text, .iov_len = MESSAGE_MAX};
	struct msghdr header = {.msg_iov = &part,
	    .msg_iovlen = 1,
	    .msg_control = control.bytes,
	    .msg_controllen = sizeof(control.bytes)};
	(void)condition;

	ssize_t n = recvmsg(fd, &header, MSG_CMSG_CLOEXEC);
	if (n <= 0)
		return G_SOURCE_CONTINUE;
	text[n] = 0;
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	if (g_strv_contains((const char *const *)lines, "READY=1"))
		notify->ready(sender(&header), notify->data);
	return G_SOURCE_CONTINUE;
}

struct notify *notify_new(
    const char *path, void (*ready)(pid_t pid, void *data), void *data, GError **error)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int on = 1;
	AUTO_FD fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	if (g_strlcpy(address.sun_path, path, sizeof(address.sun_path)) >=
	    sizeof(address.sun_path)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "the path %s is too long for a socket; choose a shorter folder", path);
		return NULL;
	}
	unlink(path); /* the lock says that nobody else uses the folder */
	if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on)) < 0 ||
	    bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot listen on %s: %s", path,
		    g_strerror(errno));
		return NULL;
	}
	struct notify *notify = g_new0(struct notify, 1);
	notify->path = g_strdup(path);
	notify->fd = fd_steal(&fd);
	notify->ready = ready;
	notify->data = data;
	notify->source = g_unix_fd_add(notify->fd, G_IO_IN, on_message, notify);
	return notify;
}

void notify_free(struct notify *notify)
{
	if (!notify)
		return;
	g_source_remove(notify->source);
	close(notify->fd);
	unlink(notify->path);
	g_free(notify->path);
	g_free(notify);
}
