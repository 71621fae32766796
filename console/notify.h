/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The receiving end of sd_notify(3): a datagram socket to which children say "READY=1". */
#pragma once

#include <glib.h>
#include <sys/types.h>

struct notify;

/* `ready` gets the pid that the kernel names as the sender (SCM_CREDENTIALS). A stale file at
 * `path` is replaced. */
struct notify *notify_new(
    const char *path, void (*ready)(pid_t pid, void *data), void *data, GError **error);
void notify_free(struct notify *notify);
