/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/launch_cgroup.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "qvisor/launch_jail.h"
#include "qvisor/launch_request.h"

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

/* --- what a phone may use --- */

/* The smaller of two limits, of which 0 is none. */
static unsigned lesser(unsigned a, unsigned b)
{
	return !a || (b && b < a) ? b : a;
}

static void set_cpu(int folder, unsigned percent)
{
	char text[64];
	snprintf(text, sizeof(text), "%llu %u", percent * (PERIOD_US / 100ULL), PERIOD_US);
	if (percent)
		write_file(folder, "cpu.max", text);
}

static void set_io(int folder, const struct launch_options *options)
{
	unsigned long long bytes = (unsigned long long)options->io_max_mib << 20;
	char text[96];
	snprintf(text, sizeof(text), "%s rbps=%llu wbps=%llu", options->io_device, bytes, bytes);
	if (bytes && options->io_device[0])
		write_file(folder, "io.max", text);
}

static void set_limits(
    int folder, const struct launch_options *options, const struct launch_request *request)
{
	unsigned memory_mib = lesser(options->memory_max_mib, request->memory_mib);
	write_number(folder, "memory.max", (unsigned long long)memory_mib << 20);
	write_number(folder, "pids.max", options->pids_max);
	set_cpu(folder, lesser(options->cpu_max_percent, request->cpu_percent));
	set_io(folder, options);
}

bool launch_cgroup_enter(
    const struct launch_options *options, const struct launch_request *request, pid_t pid)
{
	char path[4096], text[32];
	if (!options->cgroup)
		return true;
	snprintf(path, sizeof(path), "%s/%s", options->cgroup, request->uuid);
	if (mkdir(path, 0755) && errno != EEXIST)
		return false;
	int folder = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	if (folder < 0)
		return false;
	set_limits(folder, options, request);
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

/* --- what there is to limit it by --- */

/* io.max knows disks and not their partitions; a file system without a disk has no number there. */
static bool find_disk(struct launch_options *options)
{
	struct stat status;
	char path[96];
	if (stat(options->state_folder, &status))
		return false;
	unsigned first = major(status.st_dev), second = minor(status.st_dev);
	snprintf(path, sizeof(path), "/sys/dev/block/%u:%u/partition", first, second);
	bool is_part = !access(path, F_OK);
	snprintf(
	    path, sizeof(path), "/sys/dev/block/%u:%u%s/dev", first, second, is_part ? "/.." : "");
	FILE *file = fopen(path, "re");
	bool found = file && fscanf(file, "%u:%u", &first, &second) == 2;
	if (file)
		fclose(file);
	if (found)
		snprintf(options->io_device, sizeof(options->io_device), "%u:%u", first, second);
	return found;
}

static void add_without(struct launch_options *options, const char *what)
{
	size_t n = strlen(options->without);
	snprintf(options->without + n, sizeof(options->without) - n, "%s%s", n ? ", " : "", what);
}

void launch_cgroup_prepare(struct launch_options *options)
{
	static const struct {
		const char *controller, *what;
	} limits[] = {{"+memory", "memory"}, {"+cpu", "processors"}, {"+pids", "processes"},
	    {"+io", "input and output"}};
	int folder =
	    options->cgroup ? open(options->cgroup, O_RDONLY | O_DIRECTORY | O_CLOEXEC) : -1;
	options->without[0] = 0;
	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		bool has = folder >= 0 &&
		           write_file(folder, "cgroup.subtree_control", limits[i].controller);
		if (!strcmp(limits[i].controller, "+io"))
			has = has && options->io_max_mib && find_disk(options);
		if (!has)
			add_without(options, limits[i].what);
	}
	if (folder >= 0)
		close(folder);
}
