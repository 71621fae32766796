/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "liar.h"

#include <fcntl.h>
#include <glob.h>
#include <linux/fs.h>
#include <poll.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define BLOCK 4096
#define WAIT_US 20000
#define STUBBORN_AT 2
#define READY "{\"jsonrpc\":\"2.0\",\"method\":\"agent.ready\",\"params\":{}}\n" /* and hello */

static int open_first(const char *pattern, int flags)
{
	glob_t found;
	int fd = -1;
	if (glob(pattern, 0, NULL, &found) == 0)
		fd = open(found.gl_pathv[0], flags | O_CLOEXEC);
	globfree(&found);
	return fd;
}

/* A process of its own. The disk may take its time to appear. */
static void write_on(void)
{
	static _Alignas(BLOCK) uint32_t block[BLOCK / sizeof(uint32_t)];
	uint64_t size;
	int fd;
	while ((fd = open_first("/dev/vd?", O_WRONLY | O_DIRECT | O_SYNC)) < 0)
		usleep(WAIT_US);
	if (ioctl(fd, BLKGETSIZE64, &size) < 0)
		_exit(1);
	while (pwrite(fd, block, BLOCK, (off_t)(size - BLOCK)) == BLOCK) {
		if (block[0]++ == 0)
			printf("liar: writes\n");
		usleep(WAIT_US);
	}
	printf("liar: cut off\n");
	_exit(0);
}

/* The only processor is for this from now on, also of what the kernel would do (sched(7)). */
static void keep_busy(void)
{
	int fd = open("/proc/sys/kernel/sched_rt_runtime_us", O_WRONLY | O_CLOEXEC);
	struct sched_param most = {.sched_priority = sched_get_priority_max(SCHED_FIFO)};
	if (write(fd, "-1", 2) != 2 || sched_setscheduler(0, SCHED_FIFO, &most) < 0)
		printf("liar: cannot keep busy\n");
	while (true)
		;
}

static void say(int port, const char *line)
{
	ssize_t n = (ssize_t)strlen(line);
	if (write(port, line, (size_t)n) != n)
		printf("liar: nobody listens\n");
}

/* One request a line; what it is does not matter but for the disk. */
static void answer(int port, const char *request, unsigned *unmounted)
{
	const char *id = strstr(request, "\"id\":");
	char line[128];
	if (!id)
		return;
	if (strstr(request, "\"volume.mount\"") && fork() == 0)
		write_on();
	snprintf(line, sizeof(line),
	    "{\"jsonrpc\":\"2.0\",\"id\":%ld,\"result\":{\"ready\":true}}\n",
	    strtol(id + strlen("\"id\":"), NULL, 10));
	say(port, line);
	if (strstr(request, "\"volume.unmount\"") && ++*unmounted == STUBBORN_AT)
		keep_busy();
}

void liar_run(void)
{
	static char text[65536];
	size_t length = 0;
	unsigned unmounted = 0;
	bool greeted = false;
	setlinebuf(stdout);
	struct pollfd port = {.events = POLLIN};
	while ((port.fd = open_first("/dev/vport*", O_RDWR | O_NONBLOCK)) < 0)
		usleep(WAIT_US);
	while (poll(&port, 1, WAIT_US / 1000) >= 0) {
		if (port.revents & POLLHUP) { /* the host's end is closed */
			greeted = false;
			length = 0;
			usleep(WAIT_US);
			continue;
		}
		if (!greeted)
			say(port.fd, READY);
		greeted = true;
		ssize_t n = read(port.fd, text + length, sizeof(text) - 1 - length);
		if (n <= 0)
			continue;
		length += (size_t)n;
		text[length] = '\0';
		char *line = text, *end;
		for (; (end = strchr(line, '\n')); line = end + 1) {
			*end = '\0';
			answer(port.fd, line, &unmounted);
		}
		length = strlen(line);
		memmove(text, line, length + 1);
	}
	_exit(1);
}
