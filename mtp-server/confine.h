/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the worker gives up, because it reads what a guest and a network peer send. Linux only.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <sys/types.h>

/* Limits on memory, descriptors and cores, no new privileges, not dumpable. */
bool confine_limits(GError **error);

/* Dies with its parent. As root with `uid` > 0: all threads become that user, alone in the group of
 * the same number. QEMU compares who we are with who made the connection, so only after it has let
 * us in. */
bool confine_identity(uid_t uid, GError **error);

/* From now on, in all threads: no new files, sockets, processes, threads or programs (seccomp(2)).
 * What is not on the list fails with EPERM; what only an intruder would try ends the process. With
 * the sanitizers, which need more than that, it does nothing. */
bool confine_system_calls(GError **error);
