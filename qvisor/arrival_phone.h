/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The phone that an arrival begins with: its folder and record, an overlay and a volume to be
 * filled. Main thread.
 */
#pragma once

#include "qvisor/passport.h"
#include "qvisor/visit.h"

/* In state CREATING: if we die now, it goes. The visit is told what its files need. NULL with an
 * error that says why it cannot come; nothing is left then. */
struct phone *arrival_make_phone(struct host *host, const char *ticket, struct visit *visit,
    const struct passport *passport, GError **error);
