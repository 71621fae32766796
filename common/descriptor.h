/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Passing descriptors between processes over AF_UNIX SOCK_SEQPACKET (unix(7), SCM_RIGHTS). Blocking
 * or not, as the socket is. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

#define DESCRIPTOR_MAX_FDS 5
#define DESCRIPTOR_MAX_MESSAGE 65536

/* Sends one packet with `n_fds` <= DESCRIPTOR_MAX_FDS descriptors (which stay the caller's). */
bool descriptor_send(
    int socket, const void *message, size_t n, const int *fds, unsigned n_fds, GError **error);
/* Receives one packet: its length, 0 at end of stream, -1 with error (G_IO_ERROR_WOULD_BLOCK on
 * EAGAIN). *n_fds in: room in fds; out: received, close-on-exec, owned by the caller. A truncated
 * packet is an error. */
ssize_t descriptor_receive(
    int socket, void *message, size_t size, int *fds, unsigned *n_fds, GError **error);

/* A listening SOCK_SEQPACKET socket at `path`, mode 0600; a stale file is replaced, a live one is
 * QVMI_ERROR_CONFLICT. */
int descriptor_listen(const char *path, GError **error);
int descriptor_connect(const char *path, GError **error);
/* Two connected sockets (SOCK_STREAM or SOCK_SEQPACKET, close-on-exec). QVMI_ERROR_EXHAUSTED */
bool descriptor_pair(int type, int pair[2], GError **error);
/* uid of the peer (SO_PEERCRED). */
bool descriptor_peer(int socket, uid_t *uid, pid_t *pid, GError **error);
