/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <unistd.h>

#include "qvisor/performance_counters.h"
#include "qvisor/performance_ring.h"
#include "qvisor/smaps.h"

#define SECOND G_USEC_PER_SEC
#define BEGIN 1000000 /* wall clock of the first counters */

/* Second `i`: a quarter of a processor, and bytes that tell which second it is. */
static void add(struct performance_ring *ring, unsigned i)
{
	const struct performance_counters counters = {
	    .time_us = (int64_t)i * SECOND,
	    .cpu_us = (uint64_t)i * SECOND / 4,
	    .private_kib = i,
	    .shared_kib = 2 * i,
	    .disk_read = 10ULL * i,
	    .disk_written = (uint64_t)i * i,
	    .received = 5000000000ULL * i, /* more a second than 32 bits hold */
	};
	performance_ring_add(ring, &counters, BEGIN + i);
}

static void test_first(void)
{
	AUTO(performance_ring) ring = performance_ring_new();
	g_assert_null(performance_ring_last(ring));
	g_assert_cmpuint(performance_ring_since(ring, 0).n, ==, 0);
	add(ring, 0);
	g_assert_null(performance_ring_last(ring));
	add(ring, 1);
	const struct performance_sample *last = performance_ring_last(ring);
	g_assert_cmpuint(last->time_s, ==, BEGIN + 1);
	g_assert_cmpfloat_with_epsilon(last->cpu_percent, 25, 0.01);
	g_assert_cmpuint(last->private_kib, ==, 1);
	g_assert_cmpuint(last->shared_kib, ==, 2);
	g_assert_cmpuint(last->read_s, ==, 10);
	g_assert_cmpuint(last->received_s, ==, UINT32_MAX);
}

/* The time between two counters is what it was, and counters that begin anew count nothing. */
static void test_late_and_reset(void)
{
	AUTO(performance_ring) ring = performance_ring_new();
	struct performance_counters counters = {.cpu_us = 8 * SECOND, .disk_read = 1000};
	performance_ring_add(ring, &counters, BEGIN);
	counters.time_us = 4 * SECOND;
	counters.cpu_us += SECOND;
	counters.disk_read = 10;
	performance_ring_add(ring, &counters, BEGIN + 4);
	g_assert_cmpfloat_with_epsilon(performance_ring_last(ring)->cpu_percent, 25, 0.01);
	g_assert_cmpuint(performance_ring_last(ring)->read_s, ==, 0);
	/* Twice at the same time: no division by it. */
	performance_ring_add(ring, &counters, BEGIN + 4);
	g_assert_cmpuint(performance_ring_since(ring, 0).n, ==, 1);
}

static void test_since(void)
{
	AUTO(performance_ring) ring = performance_ring_new();
	for (unsigned i = 0; i <= 100; i++)
		add(ring, i);
	struct performance_range range = performance_ring_since(ring, BEGIN + 95);
	g_assert_cmpuint(range.step_s, ==, 1);
	g_assert_cmpuint(range.n, ==, 5);
	for (unsigned i = 0; i < range.n; i++)
		g_assert_cmpuint(performance_range_get(&range, i)->time_s, ==, BEGIN + 96 + i);
	g_assert_cmpuint(performance_ring_since(ring, 0).n, ==, 100);
	g_assert_cmpuint(performance_ring_since(ring, BEGIN + 100).n, ==, 0);
	g_assert_cmpuint(performance_ring_since(ring, UINT32_MAX).n, ==, 0);
}

/* Two days: seconds and minutes have gone round several times. */
static void test_round(void)
{
	AUTO(performance_ring) ring = performance_ring_new();
	const unsigned end = 2 * 86400;
	for (unsigned i = 0; i <= end; i++)
		add(ring, i);
	struct performance_range range = performance_ring_since(ring, BEGIN + end - 300);
	g_assert_cmpuint(range.step_s, ==, 60);
	range = performance_ring_since(ring, BEGIN + end - 299);
	g_assert_cmpuint(range.step_s, ==, 1);
	g_assert_cmpuint(range.n, ==, 299);
	g_assert_cmpuint(performance_range_get(&range, 298)->time_s, ==, BEGIN + end);
	range = performance_ring_since(ring, 0);
	g_assert_cmpuint(range.step_s, ==, 60);
	g_assert_cmpuint(range.n, ==, PERFORMANCE_MINUTES);
	for (unsigned i = 0; i < range.n; i++) {
		const struct performance_sample *sample = performance_range_get(&range, i);
		unsigned at = end - (PERFORMANCE_MINUTES - 1 - i) * 60;
		g_assert_cmpuint(sample->time_s, ==, BEGIN + at);
		g_assert_cmpfloat_with_epsilon(sample->cpu_percent, 25, 0.01);
		/* The mean of its minute, not its last second's: (i² - (i - 60)²) / 60. */
		g_assert_cmpuint(sample->written_s, ==, 2 * at - 60);
	}
}

/* --- what the kernel counts --- */

static void test_process(void)
{
	const size_t size = 32 << 20;
	struct performance_process process;
	struct performance_counters before, after;
	struct smaps smaps;
	g_autoptr(GError) error = NULL;
	g_assert_true(performance_process_open(&process, getpid()));
	g_assert_true(performance_process_read(&process, &before));
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	g_assert_true(memory != MAP_FAILED);
	memset(memory, 1, size);
	do {
		g_assert_true(performance_process_read(&process, &after));
	} while (after.cpu_us <= before.cpu_us);
	/* The kernel keeps some pages a thread uncounted: a little less than all is all. */
	g_assert_cmpuint(after.private_kib, >=, before.private_kib + (size >> 10) - 2048);
	g_assert_cmpuint(after.shared_kib, <, before.shared_kib + (size >> 11));
	g_assert_true(smaps_read(getpid(), &smaps, &error));
	g_assert_no_error(error);
	g_assert_cmpuint(smaps.private_kib, >=, size >> 10);
	g_assert_cmpuint(smaps.rss_kib, >=, smaps.private_kib);
	performance_process_close(&process);
	munmap(memory, size);
}

static void test_working_set(void)
{
	const size_t size = 32 << 20;
	struct smaps smaps;
	char *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	memset(memory, 1, size);
	g_assert_true(smaps_read(getpid(), &smaps, NULL));
	g_assert_cmpuint(smaps.referenced_kib, >=, size >> 10);
	g_assert_true(smaps_forget(getpid()));
	memset(memory, 2, size / 4);
	g_assert_true(smaps_read(getpid(), &smaps, NULL));
	g_assert_cmpuint(smaps.private_kib, >=, size >> 10);
	g_assert_cmpuint(smaps.referenced_kib, >=, size >> 12);
	g_assert_cmpuint(smaps.referenced_kib, <, size >> 10);
	munmap(memory, size);
}

static void test_ended(void)
{
	struct performance_process process;
	struct performance_counters counters;
	g_autoptr(GError) error = NULL;
	struct smaps smaps;
	pid_t child = fork();
	if (!child)
		pause();
	g_assert_true(performance_process_open(&process, child));
	g_assert_true(performance_process_read(&process, &counters));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	g_assert_false(performance_process_read(&process, &counters));
	performance_process_close(&process);
	g_assert_false(performance_process_open(&process, child));
	g_assert_cmpint(process.stat, ==, -1);
	g_assert_false(smaps_read(child, &smaps, &error));
	g_assert_nonnull(error);
	g_assert_false(smaps_forget(child));
}

static void test_host(void)
{
	struct performance_counters counters;
	performance_host_read(&counters);
	g_assert_cmpuint(counters.cpu_us, >, 0);
	g_assert_cmpuint(counters.private_kib, >, 0);
	g_assert_cmpuint(counters.shared_kib, >, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/performance/ring/first", test_first);
	g_test_add_func("/performance/ring/late", test_late_and_reset);
	g_test_add_func("/performance/ring/since", test_since);
	g_test_add_func("/performance/ring/round", test_round);
	g_test_add_func("/performance/process", test_process);
	g_test_add_func("/performance/working-set", test_working_set);
	g_test_add_func("/performance/ended", test_ended);
	g_test_add_func("/performance/host", test_host);
	return g_test_run();
}
