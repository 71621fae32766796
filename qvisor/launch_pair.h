/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A socketpair(2) that a process in a jail may take for one of somebody in there: GLib's D-Bus
 * server, which QEMU's display is, refuses a peer without a process id, and that is what everybody
 * outside of a pid namespace has (decision 180). Plain C, root.
 */
#pragma once

#include <stdbool.h>
#include <sys/types.h>

/* `socket` is an end of a pair that somebody has made: the new one says his user id (unix(7),
 * SO_PEERCRED) as `pid` sees it in its user namespace, and a process id of the pid namespace of
 * `pidfd`, which is the same process. Close-on-exec, the caller's. False with errno; ESRCH: that
 * user is not known in there. */
bool launch_pair_make(pid_t pid, int pidfd, int socket, int pair[2]);
