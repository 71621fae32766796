/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qvmi-secret-search [--of PID] SECRET... -- [FILE...]
 *
 * Where on this machine is what is in a file SECRET (8 bytes to 4 KiB)? Looks into the memory of
 * every process but its own, or of one, each page that is there (proc_pid_pagemap(5)), and into
 * each FILE, which may be a disk. Prints a line for each place: "PID NAME SECRET MAPPING" or "FILE
 * SECRET". Ends with 0 when it has found none, 1 when it has, 2 when it could look into no process.
 */
#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NEEDLE_MAX 4096
#define NEEDLES_MAX 16
#define PAGE 4096
#define BATCH 512          /* pages that are looked up at once */
#define THERE (3ULL << 62) /* in memory, or on a swap */
/* Only a sanitizer maps that much: its shadow, in which there is nothing of the program's. */
#define MAPPING_MAX (64ULL << 30)

struct needle {
	const char *name;
	char bytes[NEEDLE_MAX];
	size_t size;
};

/* The end of what came before, and what follows it: what lies across the two is found as well. */
struct window {
	char bytes[NEEDLE_MAX + PAGE];
	size_t kept;
};

struct process {
	int pid, memory, pagemap;
	char name[64], mapping[256];
};

static struct window window;
static struct needle needles[NEEDLES_MAX];
static unsigned needle_count;
static bool found;

static void load_needle(const char *path)
{
	struct needle *needle = &needles[needle_count++];
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, needle->bytes, sizeof(needle->bytes));
	if (n < 8) {
		fprintf(stderr, "qvmi-secret-search: %s: at least 8 bytes are wanted\n", path);
		exit(2);
	}
	close(fd);
	needle->name = path;
	needle->size = (size_t)n;
}

static void window_forget(void)
{
	window.kept = 0;
}

/* The next bytes, up to PAGE, are read into this. */
static char *window_next(void)
{
	return window.bytes + window.kept;
}

static void window_look(size_t n, const char *before, const char *after)
{
	size_t have = window.kept + n;
	for (unsigned i = 0; i < needle_count; i++)
		if (memmem(window.bytes, have, needles[i].bytes, needles[i].size)) {
			found = true;
			printf("%s %s %s\n", before, needles[i].name, after);
		}
	window.kept = have < NEEDLE_MAX ? have : NEEDLE_MAX - 1;
	memmove(window.bytes, window.bytes + have - window.kept, window.kept);
}

static void search_page(const struct process *process, uint64_t page)
{
	char before[80];
	ssize_t n = pread(process->memory, window_next(), PAGE, (off_t)page);
	snprintf(before, sizeof(before), "%d %s", process->pid, process->name);
	if (n > 0)
		window_look((size_t)n, before, process->mapping);
}

static void search_range(const struct process *process, uint64_t begin, uint64_t end)
{
	uint64_t pages[BATCH];
	window_forget();
	for (uint64_t at = begin; at < end; at += (uint64_t)BATCH * PAGE) {
		ssize_t n = pread(
		    process->pagemap, pages, sizeof(pages), (off_t)(at / PAGE * sizeof(*pages)));
		for (ssize_t i = 0; i < n / (ssize_t)sizeof(*pages); i++) {
			uint64_t page = at + (uint64_t)i * PAGE;
			if (page >= end)
				return;
			if (pages[i] & THERE)
				search_page(process, page);
			else
				window_forget();
		}
	}
}

static void search_process(struct process *process)
{
	char path[64], line[512];
	snprintf(path, sizeof(path), "/proc/%d/maps", process->pid);
	FILE *maps = fopen(path, "re");
	while (maps && fgets(line, sizeof(line), maps)) {
		uint64_t begin, end;
		char rights[8];
		int name = 0;
		if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %*s %*s %*s %n", &begin, &end, rights,
		        &name) < 3 ||
		    rights[0] != 'r' || end - begin > MAPPING_MAX || strstr(line, "[vsyscall]") ||
		    strstr(line, "[vvar"))
			continue;
		line[strcspn(line, "\n")] = 0;
		snprintf(process->mapping, sizeof(process->mapping), "%s %.200s", rights,
		    name ? line + name : "");
		search_range(process, begin, end);
	}
	if (maps)
		fclose(maps);
}

static void read_name(struct process *process)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/comm", process->pid);
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? 0 : read(fd, process->name, sizeof(process->name) - 1);
	process->name[n > 0 ? n : 0] = 0;
	process->name[strcspn(process->name, "\n")] = 0;
	if (fd >= 0)
		close(fd);
}

static int open_of(int pid, const char *what)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/%s", pid, what);
	return open(path, O_RDONLY | O_CLOEXEC);
}

/* `only` 0: all of them. */
static unsigned search_processes(int only)
{
	unsigned looked = 0;
	DIR *all = opendir("/proc");
	for (struct dirent *entry; all && (entry = readdir(all));) {
		struct process process = {.pid = atoi(entry->d_name)};
		if (process.pid <= 0 || process.pid == getpid() || (only && process.pid != only))
			continue;
		process.memory = open_of(process.pid, "mem");
		process.pagemap = open_of(process.pid, "pagemap");
		if (process.memory >= 0 && process.pagemap >= 0) {
			read_name(&process);
			search_process(&process);
			looked++;
		}
		if (process.memory >= 0)
			close(process.memory);
		if (process.pagemap >= 0)
			close(process.pagemap);
	}
	if (all)
		closedir(all);
	return looked;
}

static void search_file(const char *path)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	window_forget();
	for (ssize_t n; fd >= 0 && (n = read(fd, window_next(), PAGE)) > 0;)
		window_look((size_t)n, path, "");
	if (fd < 0)
		perror(path);
	else
		close(fd);
}

int main(int argc, char **argv)
{
	int at = 1, only = 0, first;
	if (argc > 2 && !strcmp(argv[1], "--of")) {
		only = atoi(argv[2]);
		at = 3;
	}
	first = at;
	while (at < argc && strcmp(argv[at], "--") != 0 && at - first < NEEDLES_MAX)
		load_needle(argv[at++]);
	if (at == first || at == argc || strcmp(argv[at], "--") != 0) {
		fprintf(stderr, "usage: qvmi-secret-search [--of PID] SECRET... -- [FILE...]\n");
		return 2;
	}
	unsigned looked = search_processes(only);
	while (++at < argc)
		search_file(argv[at]);
	fprintf(stderr, "qvmi-secret-search: looked into %u processes\n", looked);
	return looked ? found : 2;
}
