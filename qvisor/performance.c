/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/performance.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "common/error.h"
#include "qvisor/folder.h"
#include "qvisor/host.h"

/* Less than this since the last question tells little: the last answer stands. */
#define LEAST_TICKS 20

static double clock_percent(struct performance_clock *clock, uint64_t busy, uint64_t total)
{
	if (total >= clock->total + LEAST_TICKS && busy >= clock->busy) {
		clock->percent = 100.0 * (busy - clock->busy) / (total - clock->total);
		clock->busy = busy;
		clock->total = total;
	}
	return clock->percent;
}

/* "Pss:     1234 kB" */
static uint64_t smaps_value(const char *text, const char *name)
{
	const char *line = strstr(text, name);
	return line ? g_ascii_strtoull(line + strlen(name), NULL, 10) : 0;
}

bool performance_read_process(pid_t pid, struct performance_process *out, GError **error)
{
	g_autofree char *smaps_path = g_strdup_printf("/proc/%d/smaps_rollup", (int)pid);
	g_autofree char *stat_path = g_strdup_printf("/proc/%d/stat", (int)pid);
	g_autofree char *smaps = NULL;
	g_autofree char *stat = NULL;
	unsigned long long user, system, start;
	const char *rest;
	if (!g_file_get_contents(smaps_path, &smaps, NULL, NULL) ||
	    !g_file_get_contents(stat_path, &stat, NULL, NULL) || !(rest = strrchr(stat, ')')) ||
	    sscanf(rest + 1,
	        " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %llu %llu %*d %*d %*d %*d %*d %*d "
	        "%llu",
	        &user, &system, &start) != 3) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE,
		    "/proc/%d cannot be read: %s", (int)pid, g_strerror(errno));
		return false;
	}
	*out = (struct performance_process){
	    .pss_kib = smaps_value(smaps, "\nPss:"),
	    .rss_kib = smaps_value(smaps, "\nRss:"),
	    .private_kib =
	        smaps_value(smaps, "\nPrivate_Clean:") + smaps_value(smaps, "\nPrivate_Dirty:"),
	    .cpu_ticks = user + system,
	    .start_ticks = start,
	};
	return true;
}

static double megabytes(uint64_t kib)
{
	return round((double)kib * 1024 / 1e5) / 10; /* to a tenth */
}

JsonNode *performance_process_json(
    const struct performance_process *process, struct performance_clock *clock)
{
	struct timespec now;
	clock_gettime(CLOCK_BOOTTIME, &now);
	long hz = sysconf(_SC_CLK_TCK);
	uint64_t ticks = now.tv_sec * hz + now.tv_nsec / (1000000000 / hz);
	uint64_t age = ticks > process->start_ticks ? ticks - process->start_ticks : 0;
	JsonObject *object = json_object_new();
	json_object_set_double_member(
	    object, "cpu_percent", clock_percent(clock, process->cpu_ticks, age));
	json_object_set_double_member(object, "pss_mb", megabytes(process->pss_kib));
	json_object_set_double_member(object, "private_mb", megabytes(process->private_kib));
	json_object_set_double_member(object, "rss_mb", megabytes(process->rss_kib));
	json_object_set_double_member(object, "uptime_s", (double)age / hz);
	JsonNode *node = json_node_new(JSON_NODE_OBJECT);
	json_node_take_object(node, object);
	return node;
}

JsonObject *performance_host(struct performance_clock *clock, const char *disk)
{
	JsonObject *object = json_object_new();
	g_autofree char *stat = NULL;
	unsigned long long t[8] = {0};
	if (g_file_get_contents("/proc/stat", &stat, NULL, NULL) &&
	    sscanf(stat, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &t[0], &t[1], &t[2], &t[3],
	        &t[4], &t[5], &t[6], &t[7]) == 8) {
		uint64_t total = 0;
		for (unsigned i = 0; i < 8; i++)
			total += t[i];
		/* 3: idle, 4: waiting for I/O */
		json_object_set_double_member(
		    object, "cpu_percent", clock_percent(clock, total - t[3] - t[4], total));
	}
	double load[1] = {0};
	if (getloadavg(load, 1) == 1)
		json_object_set_double_member(object, "load1", load[0]);
	json_object_set_int_member(
	    object, "memory_mib", (int64_t)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) >> 20);
	json_object_set_int_member(object, "memory_free_mib", host_memory_available_mib());
	json_object_set_int_member(object, "disk_free_mib", folder_free_mib(disk));
	return object;
}
