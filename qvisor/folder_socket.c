/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/folder_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"

static int open_folder(
    const char *folder, const char *name, struct sockaddr_un *address, GError **error)
{
	int fd = open(folder, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0) {
		qvmi_error_set_errno(error, errno, "cannot open the folder %s", folder);
		return -1;
	}
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	int n =
	    snprintf(address->sun_path, sizeof(address->sun_path), "/proc/self/fd/%d/%s", fd, name);
	g_assert(n > 0 && (size_t)n < sizeof(address->sun_path));
	return fd;
}

int folder_socket_listen(const char *folder, const char *name, GError **error)
{
	struct sockaddr_un address;
	AUTO_FD directory = open_folder(folder, name, &address, error);
	if (directory < 0)
		return -1;
	AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd >= 0)
		unlinkat(directory, name, 0);
	if (fd < 0 || fchmod(fd, 0600) || bind(fd, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(fd, 4)) {
		qvmi_error_set_errno(error, errno, "cannot listen on %s/%s", folder, name);
		return -1;
	}
	return fd_steal(&fd);
}

int folder_socket_connect(const char *folder, const char *name, GError **error)
{
	struct sockaddr_un address;
	AUTO_FD directory = open_folder(folder, name, &address, error);
	if (directory < 0)
		return -1;
	AUTO_FD fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address))) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "nobody listens on %s/%s: %s", folder, name, g_strerror(errno));
		return -1;
	}
	return fd_steal(&fd);
}
