/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/zygote/descriptors.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

#include "qvisor/qemu_command.h"
#include "qvisor/zygote/guest_memory.h"

#define FILES_MAX 256
#define TARGET_MAX 128

struct open_file {
	int fd, flags; /* fcntl(F_GETFL) */
	enum { FILE_SHARED, FILE_EVENT, FILE_PICTURE, FILE_GIVEN } kind;
	ino_t inode;
	enum zygote_given given;
	unsigned long long count; /* an eventfd's */
};

static struct open_file files[FILES_MAX];
static unsigned file_count;
static struct stat disk; /* the one file that is open for writing; st_ino 0: none yet */
static char complaint[192];

static const char *complain(int fd, const char *target)
{
	snprintf(complaint, sizeof(complaint),
	    "its descriptor %d is of a kind that cannot be handed on: %s", fd, target);
	return complaint;
}

/* "eventfd-count: 1f" of fdinfo (proc(5)), and of an epoll whether it watches anything. */
static bool read_info(int proc, struct open_file *file, bool *watches)
{
	char path[32], text[512], *line;
	snprintf(path, sizeof(path), "fdinfo/%d", file->fd);
	int fd = openat(proc, path, O_RDONLY | O_CLOEXEC);
	ssize_t n = fd < 0 ? -1 : read(fd, text, sizeof(text) - 1);
	if (fd >= 0)
		close(fd);
	text[n < 0 ? 0 : n] = 0;
	*watches = strstr(text, "tfd:") != NULL;
	line = strstr(text, "eventfd-count:");
	file->count = line ? strtoull(line + strlen("eventfd-count:"), NULL, 16) : 0;
	return n > 0;
}

static const char *classify_file(struct open_file *file, const char *target)
{
	int access = file->flags & O_ACCMODE;
	struct stat status;
	if (file->fd == STDOUT_FILENO || file->fd == STDERR_FILENO) {
		file->kind = FILE_GIVEN;
		file->given = GIVEN_LOG;
	} else if (!fstat(file->fd, &status) && S_ISREG(status.st_mode) && access != O_RDONLY) {
		if (disk.st_ino && (disk.st_ino != status.st_ino || disk.st_dev != status.st_dev))
			return complain(file->fd, target);
		disk = status;
		file->kind = FILE_GIVEN;
		file->given = GIVEN_DISK;
	}
	return NULL;
}

static const char *classify(int proc, struct open_file *file, const char *target)
{
	bool watches = false;
	file->flags = fcntl(file->fd, F_GETFL);
	if (file->fd == QEMU_FD_QMP || file->fd == QEMU_FD_AGENT) {
		file->kind = FILE_GIVEN;
		file->given = file->fd == QEMU_FD_QMP ? GIVEN_QMP : GIVEN_AGENT;
	} else if (!strcmp(target, "anon_inode:[eventfd]")) {
		file->kind = FILE_EVENT;
		if (!read_info(proc, file, &watches))
			return complain(file->fd, target);
	} else if (!strcmp(target, "anon_inode:[eventpoll]")) {
		/* One that nobody uses is the same for all. */
		if (!read_info(proc, file, &watches) || watches)
			return complain(file->fd, target);
	} else if (!strncmp(target, "/memfd:", strlen("/memfd:"))) {
		struct stat status;
		file->kind = FILE_PICTURE;
		file->inode = fstat(file->fd, &status) ? 0 : status.st_ino;
	} else if (target[0] == '/') {
		return classify_file(file, target);
	} else if (strcmp(target, "anon_inode:[signalfd]")) { /* that one is its reader's own */
		return complain(file->fd, target);
	}
	return NULL;
}

static bool is_own(int fd, const int *own, unsigned own_count)
{
	for (unsigned i = 0; i < own_count; i++)
		if (own[i] == fd)
			return true;
	return false;
}

const char *descriptors_survey(int proc, const int *own, unsigned own_count)
{
	int folder = openat(proc, "fd", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = folder < 0 ? NULL : fdopendir(folder);
	const char *wrong = dir ? NULL : "its open files cannot be listed";
	const struct dirent *entry;
	file_count = 0;
	disk = (struct stat){0};
	while (!wrong && (entry = readdir(dir))) {
		char target[TARGET_MAX];
		int fd = (int)strtol(entry->d_name, NULL, 10);
		ssize_t n = readlinkat(folder, entry->d_name, target, sizeof(target) - 1);
		if (n < 0 || fd == folder || is_own(fd, own, own_count) || guest_memory_has(fd))
			continue;
		target[n] = 0;
		if (file_count == FILES_MAX) {
			wrong = "it has too many open files";
			break;
		}
		files[file_count] = (struct open_file){.fd = fd};
		wrong = classify(proc, &files[file_count++], target);
	}
	if (dir)
		closedir(dir);
	return wrong;
}

int descriptors_memfd(unsigned long inode)
{
	for (unsigned i = 0; i < file_count; i++)
		if (files[i].kind == FILE_PICTURE && files[i].inode == inode)
			return files[i].fd;
	return -1;
}

static bool replace(const struct open_file *file, int with)
{
	int close_on_exec = fcntl(file->fd, F_GETFD) & FD_CLOEXEC ? O_CLOEXEC : 0;
	return with >= 0 && dup3(with, file->fd, close_on_exec) >= 0;
}

const char *descriptors_replace(const int given[static GIVEN_COUNT])
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC);
	for (unsigned i = 0; i < file_count; i++) {
		const struct open_file *file = &files[i];
		if (file->kind == FILE_EVENT) {
			int fd = eventfd((unsigned)file->count,
			    EFD_CLOEXEC | (file->flags & O_NONBLOCK ? EFD_NONBLOCK : 0));
			if (!replace(file, fd))
				return "an eventfd of its own cannot be had";
			close(fd);
		} else if (file->kind == FILE_PICTURE && !replace(file, nothing)) {
			return "a picture's descriptor cannot be given away";
		} else if (file->kind == FILE_GIVEN && !replace(file, given[file->given])) {
			return "what it is given cannot be put in place";
		}
	}
	close(nothing);
	if (given[GIVEN_FOLDER] >= 0 && fchdir(given[GIVEN_FOLDER]))
		return "its folder cannot be entered";
	return NULL;
}
