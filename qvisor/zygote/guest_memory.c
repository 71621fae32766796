/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/zygote/guest_memory.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "qvisor/zygote/segments.h"

#define GUESTS_SIZE (16UL << 20) /* smaller mappings are libraries' */
/* What lies nearer is one piece: pieces make fork(2) slower, each page in between is one more to
 * keep. */
#define PIECE (64UL << 10)
#define MAPS_MAX 8

/* A mapping of the template's file. */
struct map {
	char *address;
	size_t size;
	off_t offset;
	int fd;
};

static struct map maps[MAPS_MAX];
static unsigned map_count;
static int written = -1; /* the second file */
static off_t written_size;
static bool begun, all_done;

bool guest_memory_has(int fd)
{
	for (unsigned i = 0; i < map_count; i++)
		if (maps[i].fd == fd)
			return true;
	return fd == written;
}

/* --- what there is --- */

/* A line of proc(5)'s maps: private, writable, a file's, large. */
static bool look_at(const char *line)
{
	unsigned long begin, end, offset;
	char access[5], path[1024];
	if (sscanf(line, "%lx-%lx %4s %lx %*s %*u %1023[^\n]", &begin, &end, access, &offset,
	        path) != 5 ||
	    strcmp(access, "rw-p") != 0 || path[0] != '/' || end - begin < GUESTS_SIZE)
		return true;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (fd < 0 || map_count == MAPS_MAX)
		return false;
	char *address = (char *)begin; /* NOLINT(performance-no-int-to-ptr): that is what it is */
	maps[map_count++] = (struct map){address, end - begin, (off_t)offset, fd};
	return true;
}

static bool look(int proc)
{
	int fd = openat(proc, "maps", O_RDONLY | O_CLOEXEC);
	FILE *file = fd < 0 ? NULL : fdopen(fd, "r");
	char line[1200];
	bool all = file != NULL;
	while (all && fgets(line, sizeof(line), file))
		all = look_at(line);
	if (file)
		fclose(file);
	return all;
}

/* --- moving what is written --- */

struct piece {
	char *begin, *end; /* end NULL: none yet */
	const struct map *map;
	char *clean; /* up to here everything has its segment */
};

static bool add(char *begin, char *end, int fd, off_t offset)
{
	const struct segment segment = {begin, (size_t)(end - begin), fd, offset};
	return begin == end || segments_add(&segment);
}

static bool write_all(const char *from, size_t size)
{
	while (size) {
		ssize_t n = pwrite(written, from, size, written_size);
		if (n <= 0)
			return false;
		from += n;
		size -= (size_t)n;
		written_size += n;
	}
	return true;
}

/* From its memory to the file, and the file into its place. */
static bool move(struct piece *piece)
{
	size_t size = (size_t)(piece->end - piece->begin);
	off_t at = written_size;
	if (!add(piece->clean, piece->begin, piece->map->fd,
	        piece->map->offset + (piece->clean - piece->map->address)) ||
	    !add(piece->begin, piece->end, written, at) || !write_all(piece->begin, size))
		return false;
	if (mmap(piece->begin, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, written,
	        at) == MAP_FAILED)
		_exit(127); /* its guest has no memory there any more */
	madvise(piece->begin, size, MADV_DONTDUMP);
	/* There before a child comes, who otherwise is the only one that maps it and has it counted
	 * as its own. */
	madvise(piece->begin, size, MADV_POPULATE_READ);
	piece->clean = piece->end;
	piece->end = NULL;
	return true;
}

static bool on_run(void *data, char *address, size_t size)
{
	struct piece *piece = data;
	const struct map *map = piece->map;
	char *begin = map->address + (size_t)(address - map->address) / PIECE * PIECE;
	char *end =
	    map->address + ((size_t)(address + size - map->address) + PIECE - 1) / PIECE * PIECE;
	char *limit = map->address + map->size;
	if (piece->end && begin > piece->end && !move(piece))
		return false;
	if (!piece->end)
		piece->begin = begin < piece->clean ? piece->clean : begin;
	piece->end = end < limit ? end : limit;
	return true;
}

static bool share(int pagemap, const struct map *map)
{
	struct piece piece = {.map = map, .clean = map->address};
	return segments_own_pages(pagemap, map->address, map->size, on_run, &piece) &&
	       (!piece.end || move(&piece)) &&
	       add(piece.clean, map->address + map->size, map->fd,
	           map->offset + (piece.clean - map->address));
}

static bool share_all(int proc)
{
	int pagemap = openat(proc, "pagemap", O_RDONLY | O_CLOEXEC);
	written = memfd_create("guest", MFD_CLOEXEC | MFD_ALLOW_SEALING);
	bool all = pagemap >= 0 && written >= 0 && look(proc);
	for (unsigned i = 0; i < map_count && all; i++)
		all = share(pagemap, &maps[i]);
	if (pagemap >= 0)
		close(pagemap);
	/* Nobody who is forked writes what the others read. */
	return all && !fcntl(written, F_ADD_SEALS,
	                  F_SEAL_WRITE | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL);
}

const char *guest_memory_share(int proc)
{
	if (!begun)
		all_done = share_all(proc);
	begun = true;
	return all_done ? NULL : "its guest's memory cannot be put into a file";
}
