/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/machine.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define LOOK_MS 20

static bool read_word(const char *path, char word[32])
{
	word[0] = '\0';
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ssize_t n = read(fd, word, 31);
	close(fd);
	word[n < 0 ? 0 : n] = '\0';
	word[strcspn(word, "\n")] = '\0';
	return n > 0;
}

static bool write_word(const char *path, const char *word)
{
	int fd = open(path, O_WRONLY | O_TRUNC | O_CLOEXEC);
	if (fd < 0)
		return false;
	bool written = write(fd, word, strlen(word)) == (ssize_t)strlen(word);
	close(fd);
	return written;
}

/* Whether `file` of a processor or a block of memory says that it is online, once it was told to
 * be. What cannot be offline has no such file. */
static bool bring_online(const char *folder, const char *name, const char *file, const char *online)
{
	char path[320], word[32];
	snprintf(path, sizeof(path), "%s/%s/%s", folder, name, file);
	if (!read_word(path, word))
		return access(path, F_OK) != 0;
	if (strcmp(word, online) == 0)
		return true;
	return write_word(path, online) && read_word(path, word) && strcmp(word, online) == 0;
}

/* "cpu3" of "cpu": the kernel's folders have others, "cpufreq", beside them. */
static bool is_numbered(const char *name, const char *prefix)
{
	size_t n = strlen(prefix);
	return strncmp(name, prefix, n) == 0 && name[n] != '\0' && strlen(name) <= 32 &&
	       strspn(name + n, "0123456789") == strlen(name + n);
}

static unsigned count_online(
    const char *sysfs, const char *prefix, const char *file, const char *online)
{
	char folder[256];
	unsigned n = 0;
	snprintf(folder, sizeof(folder), "%s/%s", sysfs, prefix);
	DIR *dir = opendir(folder);
	for (struct dirent *entry = dir ? readdir(dir) : NULL; entry; entry = readdir(dir))
		if (is_numbered(entry->d_name, prefix))
			n += bring_online(folder, entry->d_name, file, online);
	if (dir)
		closedir(dir);
	return n;
}

void machine_online(const char *sysfs, struct machine *online)
{
	char path[256], size[32];
	snprintf(path, sizeof(path), "%s/memory/block_size_bytes", sysfs);
	uint64_t block = read_word(path, size) ? strtoull(size, NULL, 16) : 0;
	online->cpus = count_online(sysfs, "cpu", "online", "1");
	online->memory_mib = (block >> 20) * count_online(sysfs, "memory", "state", "online");
}

bool machine_wait(const char *sysfs, const struct machine *wanted, int timeout_ms,
    struct machine *online, struct rpc_error *error)
{
	const struct timespec look = {.tv_nsec = LOOK_MS * 1000000L};
	for (int waited = 0;; waited += LOOK_MS) {
		machine_online(sysfs, online);
		if (online->cpus >= wanted->cpus && online->memory_mib >= wanted->memory_mib)
			return true;
		if (waited >= timeout_ms)
			break;
		nanosleep(&look, NULL);
	}
	return rpc_fail(error, RPC_FAILED,
	    "the phone's kernel uses %u processors and %ju MiB of memory, not %u and %ju; it may "
	    "be built without hotplug",
	    online->cpus, (uintmax_t)online->memory_mib, wanted->cpus,
	    (uintmax_t)wanted->memory_mib);
}
