/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/usage.h"

#include <stdio.h>
#include <string.h>
#include <sys/statvfs.h>

static FILE *open_proc(const char *proc, const char *name)
{
	char path[256];
	snprintf(path, sizeof(path), "%s/%s", proc, name);
	return fopen(path, "re");
}

static double first_number(const char *proc, const char *name)
{
	double number = 0;
	FILE *file = open_proc(proc, name);
	if (!file)
		return 0;
	if (fscanf(file, "%lf", &number) != 1)
		number = 0;
	fclose(file);
	return number;
}

static void read_memory(const char *proc, struct usage *usage)
{
	char line[256];
	unsigned long long kib;
	FILE *file = open_proc(proc, "meminfo");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, "MemTotal: %llu", &kib) == 1)
			usage->memory_kib = kib;
		else if (sscanf(line, "MemAvailable: %llu", &kib) == 1)
			usage->memory_available_kib = kib;
	if (file)
		fclose(file);
}

static void read_network(const char *proc, struct usage *usage)
{
	char line[512], name[32];
	unsigned long long received, sent;
	FILE *file = open_proc(proc, "net/dev");
	while (file && fgets(line, sizeof(line), file))
		if (sscanf(line, " %31[^:]: %llu %*u %*u %*u %*u %*u %*u %*u %llu", name, &received,
		        &sent) == 3 &&
		    strcmp(name, "lo") != 0) {
			usage->received_bytes += received;
			usage->sent_bytes += sent;
		}
	if (file)
		fclose(file);
}

void usage_read(const char *proc, const char *root, struct usage *usage)
{
	struct statvfs disk;
	*usage = (struct usage){0};
	usage->load1 = first_number(proc, "loadavg");
	usage->uptime_s = (uint64_t)first_number(proc, "uptime");
	read_memory(proc, usage);
	read_network(proc, usage);
	if (statvfs(root, &disk) == 0) {
		usage->disk_bytes = (uint64_t)disk.f_blocks * disk.f_frsize;
		usage->disk_used_bytes = (uint64_t)(disk.f_blocks - disk.f_bfree) * disk.f_frsize;
	}
}
