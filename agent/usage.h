/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the phone itself says it uses: proc(5), statvfs(3). */
#pragma once

#include <stdint.h>

struct usage {
	double load1;
	uint64_t uptime_s; /* of the kernel: a clone's began with its template's */
	uint64_t memory_kib, memory_available_kib;
	uint64_t disk_bytes, disk_used_bytes; /* where `root` is */
	uint64_t received_bytes, sent_bytes;  /* by all interfaces but loopback */
};

/* What cannot be read is 0. */
void usage_read(const char *proc, const char *root, struct usage *usage);
