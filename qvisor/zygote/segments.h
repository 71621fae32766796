/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Memory that is mapped privately from files, page by page equal to them until it is written to:
 * the guest's memory, and virtio-gpu's pictures. Main thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define PAGE_SIZE 4096

struct segment {
	char *address; /* NULL: it is no more */
	size_t size;   /* whole pages */
	int fd;        /* for reading; whoever opened it closes it */
	off_t offset;
};

/* False: there is no room for one more. */
bool segments_add(const struct segment *segment);
/* How many there have been, of which some may be no more: 0 to this. */
unsigned segments_count(void);
/* A copy, as munmap(2) of another thread may take it away: what is done with it is done while the
 * others are parked. */
struct segment segments_get(unsigned i);

/* Which pages of [address, size) are the process' own, and not any file's (proc(5), pagemap):
 * calls `found` for each run of them. `pagemap`: a descriptor of the process'. */
typedef bool segments_run_fn(void *data, char *address, size_t size);
bool segments_own_pages(
    int pagemap, char *address, size_t size, segments_run_fn *found, void *data);
