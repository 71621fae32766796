/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A process's memory as its page tables know it: what it shares, and what it has used lately. */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct smaps {
	uint64_t rss_kib, pss_kib;
	uint64_t private_kib;    /* mapped by this process alone */
	uint64_t referenced_kib; /* touched since the last smaps_forget(): the working set */
};

/* Blocking for about 10 ms a process (smaps_rollup of proc(5) walks the page tables); any thread.
 */
bool smaps_read(pid_t pid, struct smaps *out, GError **error);
/* What was touched until now does not count any more (clear_refs of proc(5)). False where that is
 * not ours to say: the process has another user. */
bool smaps_forget(pid_t pid);
