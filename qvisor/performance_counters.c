/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/performance_counters.h"

#include <fcntl.h>
#include <glib.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/cleanup.h"

static int open_of(pid_t pid, const char *name)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	return open(path, O_RDONLY | O_CLOEXEC);
}

bool performance_process_open(struct performance_process *process, pid_t pid)
{
	*process = (struct performance_process){
	    .stat = open_of(pid, "stat"),
	    .statm = open_of(pid, "statm"),
	    .io = open_of(pid, "io"),
	};
	if (process->stat >= 0 && process->statm >= 0)
		return true;
	performance_process_close(process);
	return false;
}

void performance_process_close(struct performance_process *process)
{
	fd_cleanup(&process->stat);
	fd_cleanup(&process->statm);
	fd_cleanup(&process->io);
	*process = (struct performance_process){-1, -1, -1};
}

/* From the beginning, as text. */
static bool reread(int fd, char *text, size_t size)
{
	ssize_t n = pread(fd, text, size - 1, 0);
	text[MAX(n, 0)] = 0;
	return n > 0;
}

/* The number after `name`, 0 without one. */
static uint64_t value_after(const char *text, const char *name)
{
	const char *place = strstr(text, name);
	return place ? g_ascii_strtoull(place + strlen(name), NULL, 10) : 0;
}

static uint64_t ticks_us(uint64_t ticks)
{
	return ticks * (G_USEC_PER_SEC / (uint64_t)sysconf(_SC_CLK_TCK));
}

bool performance_process_read(
    const struct performance_process *process, struct performance_counters *out)
{
	char text[1024];
	unsigned long long user, system, resident, shared;
	const char *rest;
	*out = (struct performance_counters){.time_us = g_get_monotonic_time()};
	/* The name, between brackets, may have anything in it. */
	if (!reread(process->stat, text, sizeof(text)) || !(rest = strrchr(text, ')')) ||
	    sscanf(rest + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu", &user,
	        &system) != 2 ||
	    !reread(process->statm, text, sizeof(text)) ||
	    sscanf(text, "%*u %llu %llu", &resident, &shared) != 2)
		return false;
	uint64_t page_kib = (uint64_t)sysconf(_SC_PAGESIZE) / 1024;
	out->cpu_us = ticks_us(user + system);
	out->private_kib = (resident - MIN(shared, resident)) * page_kib;
	out->shared_kib = MIN(shared, resident) * page_kib;
	if (process->io >= 0 && reread(process->io, text, sizeof(text))) {
		out->disk_read = value_after(text, "\nread_bytes: ");
		out->disk_written = value_after(text, "\nwrite_bytes: ");
	}
	return true;
}

/* --- host --- */

static void read_processors(struct performance_counters *out)
{
	unsigned long long t[8] = {0};
	g_autofree char *text = NULL;
	if (!g_file_get_contents("/proc/stat", &text, NULL, NULL) ||
	    sscanf(text, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3],
	        &t[4], &t[5], &t[6], &t[7]) != 8)
		return;
	/* 3: idle, 4: waiting for I/O */
	uint64_t busy = t[0] + t[1] + t[2] + t[5] + t[6] + t[7];
	out->cpu_us = ticks_us(busy) / (uint64_t)sysconf(_SC_NPROCESSORS_ONLN);
}

static void read_memory(struct performance_counters *out)
{
	g_autofree char *text = NULL;
	if (!g_file_get_contents("/proc/meminfo", &text, NULL, NULL))
		return;
	uint64_t total = value_after(text, "MemTotal:");
	out->shared_kib = value_after(text, "\nMemAvailable:");
	out->private_kib = total - MIN(total, out->shared_kib);
}

/* Pages to and from devices, in KiB: a partition and its disk are not counted twice. */
static void read_disks(struct performance_counters *out)
{
	g_autofree char *text = NULL;
	if (!g_file_get_contents("/proc/vmstat", &text, NULL, NULL))
		return;
	out->disk_read = value_after(text, "\npgpgin ") * 1024;
	out->disk_written = value_after(text, "\npgpgout ") * 1024;
}

static void read_network(struct performance_counters *out)
{
	g_autofree char *text = NULL;
	if (!g_file_get_contents("/proc/net/dev", &text, NULL, NULL))
		return;
	g_auto(GStrv) lines = g_strsplit(text, "\n", -1);
	for (char **line = lines; *line; line++) {
		unsigned long long received, sent;
		char name[32];
		if (sscanf(*line, " %31[^:]: %llu %*u %*u %*u %*u %*u %*u %*u %llu", name,
		        &received, &sent) == 3 &&
		    strcmp(name, "lo")) {
			out->received += received;
			out->sent += sent;
		}
	}
}

void performance_host_read(struct performance_counters *out)
{
	*out = (struct performance_counters){.time_us = g_get_monotonic_time()};
	read_processors(out);
	read_memory(out);
	read_disks(out);
	read_network(out);
}
