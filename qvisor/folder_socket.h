/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * UNIX stream sockets named by folder and file. sun_path holds 108 bytes (unix(7)) and a state
 * folder may be deeper than that, so both sides go through /proc/self/fd/N/NAME, N being the open
 * folder.
 */
#pragma once

#include <glib.h>

/* A listening socket, mode 0600; a file of that name is replaced, so the caller must own the
 * folder. -1 with error. */
int folder_socket_listen(const char *folder, const char *name, GError **error);
/* A connected, non-blocking socket. QVMI_ERROR_UNAVAILABLE when nobody listens. -1 with error. */
int folder_socket_connect(const char *folder, const char *name, GError **error);
