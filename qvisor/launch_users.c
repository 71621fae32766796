/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/launch_users.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MAP_MAX 512

bool launch_users_have(const struct launch_users *users, uid_t uid)
{
	return uid >= users->first && uid - users->first < users->count;
}

uid_t launch_users_of(pid_t pid)
{
	char path[64];
	struct stat status;
	snprintf(path, sizeof(path), "/proc/%d", (int)pid);
	return stat(path, &status) ? (uid_t)-1 : status.st_uid;
}

/* --- which are free --- */

/* Which of them processes have: the caller frees it. NULL with errno. */
static bool *look(const struct launch_users *users)
{
	bool *taken = calloc(users->count, sizeof(*taken));
	DIR *dir = taken ? opendir("/proc") : NULL;
	const struct dirent *entry;
	while (dir && (entry = readdir(dir))) {
		pid_t pid = (pid_t)strtol(entry->d_name, NULL, 10);
		uid_t uid = pid > 0 ? launch_users_of(pid) : (uid_t)-1;
		if (launch_users_have(users, uid))
			taken[uid - users->first] = true;
	}
	if (dir)
		return closedir(dir), taken;
	free(taken);
	return NULL;
}

static bool is_block(const struct launch_users *users, unsigned begin)
{
	return begin % LAUNCH_BLOCK == 0 && begin + LAUNCH_BLOCK <= users->count;
}

static bool find(const struct launch_users *users, const bool *taken, uid_t *uid)
{
	unsigned i = 0;
	while (i < users->count) {
		if (is_block(users, i))
			i += taken[i] ? LAUNCH_BLOCK : 1;
		else if (taken[i])
			i++;
		else
			break;
	}
	*uid = users->first + i;
	return i < users->count;
}

static bool is_free(const bool *taken)
{
	return !memchr(taken, true, LAUNCH_BLOCK);
}

/* From the end, as single ones are taken from the beginning. */
static bool find_block(const struct launch_users *users, const bool *taken, uid_t *first)
{
	unsigned n = users->count / LAUNCH_BLOCK;
	while (n && !is_free(taken + (n - 1) * LAUNCH_BLOCK))
		n--;
	*first = users->first + (n - 1) * LAUNCH_BLOCK;
	return n;
}

static bool search(const struct launch_users *users,
    bool (*among)(const struct launch_users *users, const bool *taken, uid_t *uid), uid_t *uid)
{
	bool *taken = look(users);
	bool found = taken && among(users, taken, uid);
	if (taken)
		errno = EUSERS;
	free(taken);
	return found;
}

bool launch_users_find(const struct launch_users *users, uid_t *uid)
{
	return search(users, find, uid);
}

bool launch_users_find_block(const struct launch_users *users, uid_t *first)
{
	return search(users, find_block, first);
}

/* --- a block's namespace --- */

static bool write_map(pid_t pid, const char *name, const char *map)
{
	char path[64];
	snprintf(path, sizeof(path), "/proc/%d/%s", (int)pid, name);
	int fd = open(path, O_WRONLY | O_CLOEXEC);
	size_t n = strlen(map);
	bool done = fd >= 0 && write(fd, map, n) == (ssize_t)n;
	if (fd >= 0)
		close(fd);
	return done;
}

static void format_map(const struct launch_users *users, uid_t first, char map[static MAP_MAX])
{
	size_t n = (size_t)snprintf(map, MAP_MAX, "0 %u 1\n%u %u %u\n", first, ZYGOTE_FIRST_USER,
	    first + 1, ZYGOTE_FORKS_MAX);
	for (unsigned i = 0; i < users->display_count; i++)
		if (users->display[i] && users->display[i] < ZYGOTE_FIRST_USER)
			n += (size_t)snprintf(map + n, MAP_MAX - n, "%u %u 1\n", users->display[i],
			    first + LAUNCH_BLOCK - 1 - i);
}

int launch_users_namespace(const struct launch_users *users, uid_t first)
{
	char map[MAP_MAX], path[64];
	format_map(users, first, map);
	/* A namespace has to be somebody's to be given its ids; it stays when he is gone. */
	pid_t pid = (pid_t)syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, 0);
	if (pid == 0)
		while (true)
			pause();
	if (pid < 0)
		return -1;
	snprintf(path, sizeof(path), "/proc/%d/ns/user", (int)pid);
	bool mapped = write_map(pid, "uid_map", map) && write_map(pid, "gid_map", map);
	int fd = mapped ? open(path, O_RDONLY | O_CLOEXEC) : -1;
	int why = errno;
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0); /* or the kernel has it done, where SIGCHLD is ignored */
	errno = why;
	return fd;
}

bool launch_users_translate(pid_t pid, uid_t inside, uid_t *outside)
{
	char path[64];
	unsigned from, to, count;
	bool found = false;
	snprintf(path, sizeof(path), "/proc/%d/uid_map", (int)pid);
	FILE *map = fopen(path, "re");
	while (map && !found && fscanf(map, "%u %u %u", &from, &to, &count) == 3) {
		found = inside >= from && inside - from < count;
		*outside = to + (inside - from);
	}
	if (map)
		fclose(map);
	return found;
}
