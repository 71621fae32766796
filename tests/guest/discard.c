/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "discard.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/fs.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#define DISK "/dev/vda"
/* Blocks of 64 KiB and more; by default so large that a small guest never has enough of them free.
 */
#define REPORTING_ORDER "/sys/module/page_reporting/parameters/page_reporting_order"

static void report_small_blocks(void)
{
	int fd = open(REPORTING_ORDER, O_WRONLY | O_CLOEXEC);
	if (fd < 0)
		return; /* no balloon */
	if (write(fd, "4", 1) != 1)
		printf("discard: reporting: %s\n", strerror(errno));
	close(fd);
}

void discard_memory(void)
{
	struct sysinfo system;
	if (sysinfo(&system) < 0)
		return;
	size_t size = (size_t)system.freeram * system.mem_unit / 4 * 3;
	void *pages = mmap(
	    NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_POPULATE, -1, 0);
	if (pages == MAP_FAILED) {
		printf("discard: memory: %s\n", strerror(errno));
		return;
	}
	memset(pages, 0xa5, size);
	munmap(pages, size);
	printf("discard: memory %zu MiB\n", size >> 20);
}

static void discard_disk(void)
{
	uint64_t range[2] = {0, 0}; /* start, length */
	int fd = open(DISK, O_RDWR | O_CLOEXEC);
	if (fd < 0 || ioctl(fd, BLKGETSIZE64, &range[1]) < 0 || ioctl(fd, BLKDISCARD, range) < 0)
		printf("discard: disk: %s\n", strerror(errno));
	else
		printf("discard: disk %ju MiB\n", (uintmax_t)range[1] >> 20);
	if (fd >= 0)
		close(fd);
}

void discard_run(void)
{
	report_small_blocks();
	discard_memory();
	discard_disk();
}
