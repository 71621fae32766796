/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sockets in the file system (unix(7)): who listens there, and who connects. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* Longest path that fits struct sockaddr_un. */
#define UNIX_SOCKET_PATH_MAX 107

/* A listening socket, close-on-exec, at `path` with `mode`. A stale file that nobody listens on is
 * replaced; a live one is QVMI_ERROR_CONFLICT; any other kind of file is left alone and an error.
 * `type` is SOCK_STREAM or SOCK_SEQPACKET, with SOCK_NONBLOCK as wanted. -1 on error. */
int unix_socket_listen(const char *path, int type, unsigned mode, GError **error);
/* QVMI_ERROR_UNAVAILABLE when nobody listens. */
int unix_socket_connect(const char *path, int type, GError **error);
/* Of a connected socket, told by the kernel (SO_PEERCRED). `uid` and `pid` may be NULL. */
bool unix_socket_peer(int socket, uid_t *uid, pid_t *pid, GError **error);
