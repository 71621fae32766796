/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the host or one process has used until now, as the kernel counts it: proc(5), a few
 * microseconds a process. Any thread.
 *
 * Of a clone, what it has written to (private) is anonymous memory, and what it still shares with
 * its siblings are the template's file pages; so statm tells the two apart at no cost. What the
 * page tables know better is asked of smaps.h, on demand.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

struct performance_counters {
	int64_t time_us;                  /* g_get_monotonic_time() */
	uint64_t cpu_us;                  /* of the host: the mean of its processors */
	uint64_t private_kib, shared_kib; /* at that time; of the host: used, available */
	uint64_t disk_read, disk_written; /* bytes that reached a device */
	uint64_t received, sent;   /* bytes by network; of a process 0 (performance_guest.h) */
	double guest_load1;        /* what a phone says of itself, at that time */
	uint64_t guest_memory_kib; /* that it uses; 0: it has said nothing */
};

/* One process. Its files stay open: when it has ended they say so, whoever has its number then. */
struct performance_process {
	int stat, statm;
	int io; /* -1: not ours to read, its user is another one */
};

/* False, with nothing open, when there is no such process. */
bool performance_process_open(struct performance_process *process, pid_t pid);
void performance_process_close(struct performance_process *process);
/* False when it has ended. */
bool performance_process_read(
    const struct performance_process *process, struct performance_counters *out);

void performance_host_read(struct performance_counters *out);
