/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is given back while threads write to it: nothing that they wrote is lost, and all that is as
 * it was is the file's again. */
#include <fcntl.h>
#include <glib.h>
#include <stdatomic.h>
#include <sys/mman.h>
#include <unistd.h>

#include "qvisor/zygote/give_back.h"
#include "qvisor/zygote/segments.h"
#include "qvisor/zygote/threads.h"

#define PAGES 128
#define WRITERS 3
#define WRITES 12000000 /* of each writer, while pages are given back */

static char *memory;
static int file, pagemap;
static _Atomic bool ended;
static _Atomic size_t written[WRITERS];

static uint64_t original(size_t page)
{
	return page * 0x9e3779b97f4a7c15ULL + 1;
}

static char *map(void)
{
	char *place = mmap(NULL, PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE, MAP_PRIVATE, file, 0);
	g_assert_true(place != MAP_FAILED);
	return place;
}

static bool count(void *data, char *address, size_t size)
{
	(void)address;
	*(size_t *)data += size / PAGE_SIZE;
	return true;
}

static size_t own_pages(void)
{
	size_t n = 0;
	g_assert_true(segments_own_pages(pagemap, memory, PAGES * PAGE_SIZE, count, &n));
	return n;
}

static void round_once(void)
{
	while (give_back_step())
		continue;
}

/* Its pages are those that are equal to it modulo WRITERS; each word is what it wrote last. */
static void *write_pages(void *data)
{
	uint64_t value = 0;
	for (size_t page = GPOINTER_TO_SIZE(data); !atomic_load(&ended);
	     page = (page + WRITERS) % (PAGES / WRITERS * WRITERS)) {
		volatile uint64_t *word = (uint64_t *)(memory + page * PAGE_SIZE) + page % 500;
		if (*word != (page % 500 ? 0 : original(page)))
			return atomic_store(&written[page % WRITERS], WRITES),
			       (void *)"a write is lost";
		*word = ++value;
		for (volatile unsigned i = 0; i < 10; i++)
			continue;
		if (*word != value)
			return atomic_store(&written[page % WRITERS], WRITES),
			       (void *)"a write is lost at once";
		*word = page % 500 ? 0 : original(page);
		atomic_fetch_add(&written[page % WRITERS], 1);
	}
	return NULL;
}

static void test_writers(void)
{
	GThread *writers[WRITERS];
	for (size_t i = 0; i < WRITERS; i++)
		writers[i] = g_thread_new("writer", write_pages, GSIZE_TO_POINTER(i));
	for (size_t i = 0; i < WRITERS; i++)
		while (atomic_load(&written[i]) < WRITES)
			round_once();
	atomic_store(&ended, true);
	for (size_t i = 0; i < WRITERS; i++)
		g_assert_cmpstr(g_thread_join(writers[i]), ==, NULL);
	round_once();
	g_assert_cmpuint(own_pages(), ==, 0);
	for (size_t page = 0; page < PAGES; page++)
		g_assert_cmpuint(*(uint64_t *)(memory + page * PAGE_SIZE), ==, original(page));
}

/* One byte, in the first, a middle and the last page. */
static void test_differing(void)
{
	static const size_t pages[] = {0, 50, PAGES - 1};
	for (unsigned i = 0; i < G_N_ELEMENTS(pages); i++)
		memory[pages[i] * PAGE_SIZE + PAGE_SIZE - 1] = 1;
	volatile char *same = memory + 70 * PAGE_SIZE;
	*same ^= 1;
	*same ^= 1;
	g_assert_cmpuint(own_pages(), ==, 4);
	round_once();
	g_assert_cmpuint(own_pages(), ==, 3);
	for (unsigned i = 0; i < G_N_ELEMENTS(pages); i++)
		g_assert_cmpint(memory[pages[i] * PAGE_SIZE + PAGE_SIZE - 1], ==, 1);
}

/* What comes to be in the place of something that was unmapped is not its. */
static void test_unmapped(void)
{
	char *place = map();
	const struct segment segment = {place, PAGES * PAGE_SIZE, file, 0};
	g_assert_true(segments_add(&segment));
	munmap(place, PAGES * PAGE_SIZE);
	char *other = mmap(place, PAGES * PAGE_SIZE, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);
	g_assert_true(other == place);
	for (size_t page = 0; page < PAGES; page++)
		*(uint64_t *)(other + page * PAGE_SIZE) = original(page);
	round_once();
	for (size_t page = 0; page < PAGES; page++)
		g_assert_cmpuint(*(uint64_t *)(other + page * PAGE_SIZE), ==, original(page));
	munmap(other, PAGES * PAGE_SIZE);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_assert_true(threads_init());
	file = memfd_create("file", MFD_CLOEXEC);
	for (size_t page = 0; page < PAGES; page++) {
		uint64_t word = original(page);
		g_assert_cmpint(
		    pwrite(file, &word, sizeof(word), (off_t)(page * PAGE_SIZE)), ==, sizeof(word));
	}
	g_assert_cmpint(ftruncate(file, PAGES * PAGE_SIZE), ==, 0);
	memory = map();
	const struct segment segment = {memory, PAGES * PAGE_SIZE, file, 0};
	g_assert_true(segments_add(&segment));
	pagemap = open("/proc/self/pagemap", O_RDONLY | O_CLOEXEC);
	give_back_begin();
	g_test_add_func("/give-back/writers", test_writers);
	g_test_add_func("/give-back/differing", test_differing);
	g_test_add_func("/give-back/unmapped", test_unmapped);
	return g_test_run();
}
