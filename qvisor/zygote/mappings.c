/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/zygote/mappings.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "qvisor/zygote/descriptors.h"
#include "qvisor/zygote/segments.h"

#define PICTURES_MAX 64

struct picture {
	void *address;
	size_t size;
	off_t offset;
	int fd, reader; /* the second one cannot be written by */
};

static struct picture pictures[PICTURES_MAX];
static unsigned picture_count;

static const char *look_at(const char *line)
{
	unsigned long begin, end, offset, inode;
	char access[5];
	if (sscanf(line, "%lx-%lx %4s %lx %*s %lu", &begin, &end, access, &offset, &inode) != 5)
		return NULL;
	void *address = (void *)begin; /* NOLINT(performance-no-int-to-ptr): that is what it is */
	if (access[3] == 'p')
		madvise(address, end - begin, MADV_DOFORK);
	if (access[3] != 's' || access[1] != 'w')
		return NULL;
	int fd = descriptors_memfd(inode);
	if (fd < 0 || picture_count == PICTURES_MAX)
		return "it has memory that is shared with others";
	pictures[picture_count++] = (struct picture){address, end - begin, (off_t)offset, fd, -1};
	return NULL;
}

const char *mappings_survey(int proc)
{
	int fd = openat(proc, "maps", O_RDONLY | O_CLOEXEC);
	FILE *maps = fd < 0 ? NULL : fdopen(fd, "r");
	const char *wrong = maps ? NULL : "its memory cannot be listed";
	char line[512];
	picture_count = 0;
	while (!wrong && fgets(line, sizeof(line), maps))
		wrong = look_at(line);
	if (maps)
		fclose(maps);
	return wrong;
}

void mappings_open(int proc)
{
	char path[32];
	for (unsigned i = 0; i < picture_count; i++) {
		snprintf(path, sizeof(path), "fd/%d", pictures[i].fd);
		pictures[i].reader = openat(proc, path, O_RDONLY | O_CLOEXEC);
	}
}

void mappings_close(void)
{
	for (unsigned i = 0; i < picture_count; i++)
		if (pictures[i].reader >= 0)
			close(pictures[i].reader);
}

const char *mappings_take(void)
{
	for (unsigned i = 0; i < picture_count; i++) {
		const struct picture *picture = &pictures[i];
		const struct segment segment = {
		    picture->address, picture->size, picture->reader, picture->offset};
		if (mmap(picture->address, picture->size, PROT_READ | PROT_WRITE,
		        MAP_PRIVATE | MAP_FIXED, picture->fd, picture->offset) == MAP_FAILED)
			return "its pictures cannot be had";
		if (picture->reader >= 0)
			segments_add(&segment);
	}
	return NULL;
}
