/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/launch_cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qvisor/launch_jail.h"

#define PERIOD_US 100000

static bool write_file(int folder, const char *name, const char *text)
{
	int fd = openat(folder, name, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	size_t n = strlen(text);
	bool done = fd >= 0 && write(fd, text, n) == (ssize_t)n;
	int why = errno;
	if (fd >= 0)
		close(fd);
	errno = why;
	return done;
}

static void write_number(int folder, const char *name, unsigned long long number)
{
	char text[32];
	snprintf(text, sizeof(text), "%llu", number);
	if (number)
		write_file(folder, name, text);
}

static void set_limits(int folder, const struct launch_options *options)
{
	char text[64];
	write_number(folder, "memory.max", (unsigned long long)options->memory_max_mib << 20);
	write_number(folder, "pids.max", options->pids_max);
	snprintf(
	    text, sizeof(text), "%u %u", options->cpu_max_percent * (PERIOD_US / 100), PERIOD_US);
	if (options->cpu_max_percent)
		write_file(folder, "cpu.max", text);
}

bool launch_cgroup_enter(const struct launch_options *options, const char *uuid, pid_t pid)
{
	char path[4096], text[32];
	if (!options->cgroup)
		return true;
	snprintf(path, sizeof(path), "%s/%s", options->cgroup, uuid);
	if (mkdir(path, 0755) && errno != EEXIST)
		return false;
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (folder < 0)
		return false;
	set_limits(folder, options);
	snprintf(text, sizeof(text), "%d", (int)pid);
	bool done = write_file(folder, "cgroup.procs", text);
	int why = errno;
	close(folder);
	errno = why;
	return done;
}

void launch_cgroup_sweep(const struct launch_options *options)
{
	DIR *dir = options->cgroup ? opendir(options->cgroup) : NULL;
	const struct dirent *entry;
	while (dir && (entry = readdir(dir)))
		if (entry->d_type == DT_DIR && entry->d_name[0] != '.')
			unlinkat(
			    dirfd(dir), entry->d_name, AT_REMOVEDIR); /* refused while in use */
	if (dir)
		closedir(dir);
}

void launch_cgroup_prepare(const struct launch_options *options, char *missing, size_t size)
{
	static const char *const controllers[] = {"memory", "cpu", "pids", "io"};
	int folder =
	    options->cgroup ? open(options->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	missing[0] = 0;
	for (size_t i = 0; i < sizeof(controllers) / sizeof(controllers[0]); i++) {
		char text[16];
		size_t n = strlen(missing);
		snprintf(text, sizeof(text), "+%s", controllers[i]);
		if (folder < 0 || !write_file(folder, "cgroup.subtree_control", text))
			snprintf(missing + n, size - n, "%s%s", n ? ", " : "", controllers[i]);
	}
	if (folder >= 0)
		close(folder);
}
