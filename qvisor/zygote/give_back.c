/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/zygote/give_back.h"

#include <fcntl.h>
#include <glib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "qvisor/zygote/request.h"
#include "qvisor/zygote/segments.h"
#include "qvisor/zygote/threads.h"

#define FIRST_MS 8000 /* after the fork: it has its name and its picture by then */
#define SHORTEST_MS 30000
#define LONGEST_MS 960000 /* between two rounds; while they gain little ever longer */
#define LITTLE 256        /* pages */
#define BREAK_MS 20
/* While the guest stands still, for some milliseconds: */
#define PAGES_AT_ONCE 1024
#define WINDOW (PAGES_AT_ONCE * PAGE_SIZE)
#define WINDOWS_MAX 64

static int pagemap = -1;
static guint wait_ms = SHORTEST_MS;
/* Where the round is. */
static unsigned segment;
static size_t done;
static size_t gain; /* pages */

/* What of `segment` one step looks at. */
struct window {
	unsigned segment;
	size_t offset, size;
};

static size_t give_equal(char *address, const char *was, size_t size)
{
	size_t given = 0, begin = 0;
	for (size_t at = 0; at <= size; at += PAGE_SIZE) {
		if (at < size && !memcmp(address + at, was + at, PAGE_SIZE))
			continue;
		if (at > begin && !madvise(address + begin, at - begin, MADV_DONTNEED))
			given += (at - begin) / PAGE_SIZE;
		begin = at + PAGE_SIZE;
	}
	return given;
}

static bool on_own(void *data, char *address, size_t size)
{
	static char was[16 * PAGE_SIZE];
	const struct segment *of = data;
	while (size) {
		size_t n = MIN(size, sizeof(was));
		if (pread(of->fd, was, n, of->offset + (address - of->address)) == (ssize_t)n)
			gain += give_equal(address, was, n);
		address += n;
		size -= n;
	}
	return true;
}

static bool on_count(void *data, char *address, size_t size)
{
	(void)address;
	*(size_t *)data += size / PAGE_SIZE;
	return true;
}

/* The next windows with pages of our own, about as many as may be looked at at once. */
static unsigned choose(struct window windows[static WINDOWS_MAX])
{
	unsigned n = 0;
	size_t pages = 0;
	while (segment < segments_count() && n < WINDOWS_MAX && pages < PAGES_AT_ONCE) {
		const struct segment of = segments_get(segment);
		size_t before = pages;
		size_t size = of.address ? MIN(of.size - done, WINDOW) : 0;
		if (size)
			segments_own_pages(pagemap, of.address + done, size, on_count, &pages);
		if (pages > before)
			windows[n++] = (struct window){segment, done, size};
		done += size;
		if (!size || done == of.size) {
			segment++;
			done = 0;
		}
	}
	return n;
}

static void look(const struct window *window)
{
	struct segment of = segments_get(window->segment);
	if (of.address)
		segments_own_pages(pagemap, of.address + window->offset, window->size, on_own, &of);
}

bool give_back_step(void)
{
	struct window windows[WINDOWS_MAX];
	unsigned n = choose(windows);
	if (n && !threads_park(-1)) {
		for (unsigned i = 0; i < n; i++)
			look(&windows[i]);
		threads_release();
	}
	if (segment < segments_count())
		return true;
	wait_ms = gain < LITTLE ? MIN(wait_ms * 2, LONGEST_MS) : MAX(wait_ms / 2, SHORTEST_MS);
	segment = 0;
	done = gain = 0;
	return false;
}

static gboolean on_begin(void *data);

static gboolean on_step(void *data)
{
	(void)data;
	if (give_back_step())
		return G_SOURCE_CONTINUE;
	g_timeout_add(wait_ms, on_begin, NULL);
	return G_SOURCE_REMOVE;
}

static gboolean on_begin(void *data)
{
	(void)data;
	g_timeout_add(BREAK_MS, on_step, NULL);
	return G_SOURCE_REMOVE;
}

void give_back_begin(void)
{
	pagemap = open(ZYGOTE_PAGEMAP, O_RDONLY | O_CLOEXEC);
	if (pagemap < 0)
		pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	uint64_t entry;
	if (pread(pagemap, &entry, sizeof(entry), 0) == sizeof(entry))
		g_timeout_add(FIRST_MS, on_begin, NULL);
}
