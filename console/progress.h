/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What takes longer than a second, on standard error: a bar on a terminal, a line a stage
 * elsewhere. */
#pragma once

#include <stdbool.h>

#include "common/cleanup.h"

struct progress;
struct progress *progress_new(const char *what);
void progress_update(struct progress *progress, double fraction, const char *stage);
/* The last line: "template phone: ready (55 s)". */
void progress_end(struct progress *progress, const char *how);
void progress_free(struct progress *progress); /* clears an unfinished bar */
DEFINE_CLEANUP(progress);
