/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/probe/source.h"

#include <errno.h>
#include <string.h>
#include <unistd.h>

struct file_source {
	struct source source;
	int fd;
};

static bool file_read(struct source *source, uint64_t at, void *buffer, size_t n)
{
	struct file_source *file = (struct file_source *)source;
	for (size_t done = 0; done < n;) {
		ssize_t got = pread(file->fd, (char *)buffer + done, n - done, (off_t)(at + done));
		if (got < 0 && errno == EINTR)
			continue;
		if (got <= 0)
			return false;
		done += (size_t)got;
	}
	return true;
}

static void plain_free(struct source *source)
{
	g_free(source);
}

struct source *source_of_file(int fd, uint64_t size)
{
	struct file_source *file = g_new0(struct file_source, 1);
	*file = (struct file_source){{size, file_read, plain_free}, fd};
	return &file->source;
}

struct slice_source {
	struct source source, *parent;
	uint64_t at;
};

static bool slice_read(struct source *source, uint64_t at, void *buffer, size_t n)
{
	struct slice_source *slice = (struct slice_source *)source;
	return source_read(slice->parent, slice->at + at, buffer, n);
}

struct source *source_slice(struct source *parent, uint64_t at, uint64_t size)
{
	struct slice_source *slice = g_new0(struct slice_source, 1);
	at = MIN(at, parent->size);
	size = MIN(size, parent->size - at);
	*slice = (struct slice_source){{size, slice_read, plain_free}, parent, at};
	return &slice->source;
}

struct bytes_source {
	struct source source;
	GBytes *bytes;
};

static bool bytes_read(struct source *source, uint64_t at, void *buffer, size_t n)
{
	const uint8_t *data = g_bytes_get_data(((struct bytes_source *)source)->bytes, NULL);
	memcpy(buffer, data + at, n);
	return true;
}

static void bytes_free(struct source *source)
{
	g_bytes_unref(((struct bytes_source *)source)->bytes);
	g_free(source);
}

struct source *source_of_bytes(GBytes *bytes)
{
	struct bytes_source *memory = g_new0(struct bytes_source, 1);
	*memory = (struct bytes_source){
	    {g_bytes_get_size(bytes), bytes_read, bytes_free}, g_bytes_ref(bytes)};
	return &memory->source;
}

void source_free(struct source *source)
{
	if (source)
		source->free(source);
}

bool source_read(struct source *source, uint64_t at, void *buffer, size_t n)
{
	return n <= SOURCE_READ_MAX && n <= source->size && at <= source->size - n &&
	       (!n || source->read(source, at, buffer, n));
}

GBytes *source_bytes(struct source *source, uint64_t at, uint64_t n)
{
	if (n > SOURCE_READ_MAX || n > source->size || at > source->size - n)
		return NULL;
	g_autofree uint8_t *data = g_try_malloc(n ? n : 1);
	if (!data || !source_read(source, at, data, n))
		return NULL;
	return g_bytes_new_take(g_steal_pointer(&data), n);
}
