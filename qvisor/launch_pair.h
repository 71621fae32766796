/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A socketpair(2) that a process in a jail may take for one of somebody in there: GLib's D-Bus
 * server, which QEMU's display is, refuses a peer without a process id, and that is what everybody
 * outside of a pid namespace has (decision 180). Plain C, root.
 */
#pragma once

#include <stdbool.h>

/* `socket` is an end of a pair that somebody has made: the new one says his user id (unix(7),
 * SO_PEERCRED), and a process id of the pid namespace of `pidfd`. Close-on-exec, the caller's.
 * False with errno. */
bool launch_pair_make(int pidfd, int socket, int pair[2]);
