/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A guest that was forked writes much that becomes what it was before: the same picture once more,
 * a lock taken and released. Such pages are looked for in a phone, from time to time, and given
 * back: what is read there is the file's page again, which all share.
 */
#pragma once

#include <stdbool.h>

/* In the child, when all its threads are there: from now on, by GLib's main loop. */
void give_back_begin(void);
/* What that does a step of: false at a round's end. The other threads stand still meanwhile. */
bool give_back_step(void);
