/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What machine and phones use, read from /proc (proc(5)) when somebody asks. */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

/* Processor time is shown since the last question; the first one gets the mean since the start. */
struct performance_clock {
	uint64_t busy, total; /* ticks */
	double percent;
};

struct performance_process {
	uint64_t pss_kib, private_kib, rss_kib;
	uint64_t cpu_ticks, start_ticks;
};

/* Blocking for about 10 ms (smaps_rollup walks the page tables); any thread. */
bool performance_read_process(pid_t pid, struct performance_process *out, GError **error);
/* {"cpu_percent","pss_mb","private_mb","rss_mb","uptime_s"}; "mb" are 10^6 bytes. */
JsonNode *performance_process_json(
    const struct performance_process *process, struct performance_clock *clock);
/* {"cpu_percent","load1","memory_mib","memory_free_mib","disk_free_mib"}; caller adds its own. */
JsonObject *performance_host(struct performance_clock *clock, const char *disk);
