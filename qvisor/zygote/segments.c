/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/zygote/segments.h"

#include <stdatomic.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#define SEGMENTS_MAX 16384
#define ENTRIES 4096 /* of pagemap that are read at once: 16 MiB of memory */
#define ENTRY_PRESENT (1ULL << 63)
#define ENTRY_SWAPPED (1ULL << 62)
#define ENTRY_OF_FILE (1ULL << 61)

static struct segment segments[SEGMENTS_MAX];
static _Atomic unsigned count;

bool segments_add(const struct segment *segment)
{
	if (count == SEGMENTS_MAX)
		return false;
	segments[count] = *segment;
	atomic_fetch_add(&count, 1);
	return true;
}

unsigned segments_count(void)
{
	return count;
}

struct segment segments_get(unsigned i)
{
	return segments[i];
}

/* glibc's, as QEMU calls it: what is unmapped may be something else's place a moment later. Only
 * pictures are, and as a whole. */
__attribute__((visibility("default"))) int munmap(void *address, size_t size)
{
	const char *begin = address;
	for (unsigned i = 0; i < count; i++) {
		const struct segment *segment = &segments[i];
		if (segment->address && segment->address < begin + size &&
		    begin < segment->address + segment->size)
			segments[i].address = NULL;
	}
	return (int)syscall(SYS_munmap, address, size);
}

static bool is_own(uint64_t entry)
{
	return entry & (ENTRY_PRESENT | ENTRY_SWAPPED) && !(entry & ENTRY_OF_FILE);
}

/* The runs of own pages among `n` from `address` on. */
static bool find_runs(
    const uint64_t *entries, size_t n, char *address, segments_run_fn *found, void *data)
{
	for (size_t i = 0; i < n; i++) {
		size_t begin = i;
		while (i < n && is_own(entries[i]))
			i++;
		if (i > begin && !found(data, address + begin * PAGE_SIZE, (i - begin) * PAGE_SIZE))
			return false;
	}
	return true;
}

bool segments_own_pages(int pagemap, char *address, size_t size, segments_run_fn *found, void *data)
{
	static uint64_t entries[ENTRIES];
	while (size) {
		size_t n = size / PAGE_SIZE < ENTRIES ? size / PAGE_SIZE : ENTRIES;
		off_t at = (off_t)((uintptr_t)address / PAGE_SIZE * sizeof(*entries));
		if (pread(pagemap, entries, n * sizeof(*entries), at) !=
		        (ssize_t)(n * sizeof(*entries)) ||
		    !find_runs(entries, n, address, found, data))
			return false;
		address += n * PAGE_SIZE;
		size -= n * PAGE_SIZE;
	}
	return true;
}
