/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A started mtpd-worker, from exec to reaping. It ends with its link; one that does not is helped.
 * Main thread.
 */
#pragma once

#include <glib.h>

struct child; /* frees itself once it has been reaped */

/* Starts `program` with `link` (which stays the caller's) as its LINK_FD; it dies with us. */
struct child *child_new(const char *program, int link, GError **error);
/* The link has been closed: in 3 s it must have ended. Forget the child after this. */
void child_let_end(struct child *child);
