/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Our end of the socket to the library in a waiting QEMU (zygote/request.h): requests go out in
 * order, one at a time. Main thread. */
#pragma once

#include <glib.h>
#include <sys/types.h>

#include "common/cleanup.h"
#include "qvisor/zygote/request.h"

struct zygote_link;

/* `pidfd` is the receiver's; -1 and 0 for a question, and with an error. */
typedef void (*zygote_answer_fn)(void *data, pid_t pid, int pidfd, const GError *error);

/* Takes `socket`. `lost` is told once when the other side is gone or hangs: nothing is answered any
 * more; the link is to be freed, not before the callback if it likes. */
struct zygote_link *zygote_link_new(
    int socket, void (*lost)(void *data, const GError *error), void *data);
/* In a jail: who ends what was forked and is not wanted. The text outlives the link. */
void zygote_link_set_launcher(struct zygote_link *link, const char *launcher);
/* What has not been answered is, with QVMI_ERROR_CANCELLED, from here. */
void zygote_link_free(struct zygote_link *link);

/* Can it be forked? The answer is an error that says why not, or none. */
void zygote_link_ask(struct zygote_link *link, zygote_answer_fn answer, void *data);
/* `fds`, -1 where there is none, are taken. */
void zygote_link_fork(struct zygote_link *link, const char *uuid, const int fds[static GIVEN_COUNT],
    zygote_answer_fn answer, void *data);

/* The library itself, beside our program or in its ../lib/qvmi; NULL: it is not there. Caller
 * frees. */
char *zygote_library(void);

DEFINE_CLEANUP(zygote_link);
