/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/unix_socket.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"

static bool fill(struct sockaddr_un *address, const char *path, GError **error)
{
	if (strlen(path) > UNIX_SOCKET_PATH_MAX) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "the socket's path is longer than %d bytes, choose a shorter folder: %s",
		    UNIX_SOCKET_PATH_MAX, path);
		return false;
	}
	*address = (struct sockaddr_un){.sun_family = AF_UNIX};
	strcpy(address->sun_path, path);
	return true;
}

/* False with error when the path is somebody's. */
static bool remove_stale(const struct sockaddr_un *address, int type, GError **error)
{
	struct stat status;

	if (lstat(address->sun_path, &status) < 0)
		return true;
	if (!S_ISSOCK(status.st_mode)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "%s is there and is not a socket", address->sun_path);
		return false;
	}
	AUTO_FD probe = socket(AF_UNIX, type | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (connect(probe, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
	    (errno != ECONNREFUSED && errno != ENOENT)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "another process listens on %s; end it first", address->sun_path);
		return false;
	}
	unlink(address->sun_path);
	return true;
}

int unix_socket_listen(const char *path, int type, unsigned mode, GError **error)
{
	struct sockaddr_un address;

	if (!fill(&address, path, error) ||
	    !remove_stale(&address, type & ~(SOCK_NONBLOCK | SOCK_CLOEXEC), error))
		return -1;
	AUTO_FD fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	/* The mode is right before anybody can connect: listen comes last. */
	if (fd < 0 || bind(fd, (struct sockaddr *)&address, sizeof(address)) < 0 ||
	    chmod(path, mode) < 0 || listen(fd, 128) < 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot listen on %s: %s", path,
		    g_strerror(errno));
		return -1;
	}
	return fd_steal(&fd);
}

int unix_socket_connect(const char *path, int type, GError **error)
{
	struct sockaddr_un address;

	if (!fill(&address, path, error))
		return -1;
	AUTO_FD fd = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		g_set_error(error, QVMI_ERROR,
		    errno == EACCES || errno == EPERM ? QVMI_ERROR_DENIED : QVMI_ERROR_UNAVAILABLE,
		    "cannot connect to %s: %s", path, g_strerror(errno));
		return -1;
	}
	return fd_steal(&fd);
}

bool unix_socket_peer(int socket, uid_t *uid, pid_t *pid, GError **error)
{
	struct ucred credentials;
	socklen_t n = sizeof(credentials);

	if (getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &credentials, &n) < 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot tell who the peer is: %s",
		    g_strerror(errno));
		return false;
	}
	if (uid)
		*uid = credentials.uid;
	if (pid)
		*pid = credentials.pid;
	return true;
}
