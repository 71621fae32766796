/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "bench/delay/processes.h"

#include <glib.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

/* The first field of schedstat, in nanoseconds (Documentation/scheduler/sched-stats.rst): the ticks
 * of stat miss what is shorter than they are. */
static double task_s(const char *task)
{
	g_autofree char *path = g_build_filename(task, "schedstat", NULL), *text = NULL;
	uint64_t ns = 0;
	if (g_file_get_contents(path, &text, NULL, NULL))
		sscanf(text, "%" SCNu64, &ns);
	return (double)ns / 1e9;
}

static double children_s(const char *task)
{
	g_autofree char *path = g_build_filename(task, "children", NULL), *text = NULL;
	double sum = 0;
	if (!g_file_get_contents(path, &text, NULL, NULL))
		return 0;
	char *at = text, *end;
	for (long child; (child = strtol(at, &end, 10)) > 0 && end != at; at = end)
		sum += processes_cpu_s((pid_t)child);
	return sum;
}

double processes_cpu_s(pid_t pid)
{
	g_autofree char *folder = g_strdup_printf("/proc/%d/task", (int)pid);
	g_autoptr(GDir) tasks = g_dir_open(folder, 0, NULL);
	double sum = 0;
	const char *name;
	while (tasks && (name = g_dir_read_name(tasks))) {
		g_autofree char *task = g_build_filename(folder, name, NULL);
		sum += task_s(task) + children_s(task);
	}
	return sum;
}
