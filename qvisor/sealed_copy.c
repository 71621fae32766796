/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/sealed_copy.h"

#include <errno.h>
#include <gio/gio.h>
#include <linux/fs.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "qvisor/secret_memory.h"

#define BLOCK ((size_t)1 << 20)

struct copy {
	int from, to;
	uint8_t *key; /* secret_memory.h */
	bool (*run)(struct copy *copy, GError **error);
	sealed_copied_fn done;
	void *data;
};

static void copy_free(void *pointer)
{
	struct copy *copy = pointer;
	fd_cleanup(&copy->from);
	fd_cleanup(&copy->to);
	secret_free(copy->key);
	g_free(copy);
}

static bool write_at(int fd, const uint8_t *bytes, size_t n, off_t at, GError **error)
{
	while (n) {
		ssize_t written = pwrite(fd, bytes, n, at);
		if (written < 0 && errno == EINTR)
			continue;
		if (written < 0)
			return qvmi_error_set_errno(error, errno, "cannot write");
		bytes += written;
		at += written;
		n -= (size_t)written;
	}
	return true;
}

static bool run_seal(struct copy *copy, GError **error)
{
	SECRET uint8_t *block = secret_new(BLOCK); /* of a user's disk */
	AUTO(sealed_writer) writer = sealed_writer_new(copy->to, copy->key, error);
	while (writer) {
		ssize_t n = read(copy->from, block, BLOCK);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return qvmi_error_set_errno(error, errno, "cannot read");
		if (!n)
			return sealed_writer_finish(writer, error);
		if (!sealed_write(writer, block, (size_t)n, error))
			return false;
	}
	return false;
}

static bool run_open(struct copy *copy, GError **error)
{
	AUTO(sealed_reader) reader = sealed_reader_new(copy->from, copy->key, error);
	off_t at = 0;
	size_t n = 1;
	while (reader && n) {
		const uint8_t *bytes = sealed_read(reader, &n, error);
		if (!bytes || !write_at(copy->to, bytes, n, at, error))
			return false;
		at += (off_t)n;
	}
	return reader && (!fsync(copy->to) || qvmi_error_set_errno(error, errno, "cannot write"));
}

static bool copy_piece(const struct copy *copy, off_t at, off_t end, GError **error)
{
	off_t to = at;
	while (at < end) {
		ssize_t n = copy_file_range(copy->from, &at, copy->to, &to, (size_t)(end - at), 0);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return qvmi_error_set_errno(error, n ? errno : EIO, "cannot copy");
	}
	return true;
}

/* lseek(2): SEEK_DATA and SEEK_HOLE tell what is stored. */
static bool run_as_it_is(struct copy *copy, GError **error)
{
	struct stat status;
	off_t begin, end = 0;
	if (!ioctl(copy->to, FICLONE, copy->from))
		return !fsync(copy->to) || qvmi_error_set_errno(error, errno, "cannot copy");
	if (fstat(copy->from, &status) || ftruncate(copy->to, status.st_size))
		return qvmi_error_set_errno(error, errno, "cannot copy");
	while ((begin = lseek(copy->from, end, SEEK_DATA)) >= 0) {
		end = lseek(copy->from, begin, SEEK_HOLE);
		if (!copy_piece(copy, begin, end, error))
			return false;
	}
	return !fsync(copy->to) || qvmi_error_set_errno(error, errno, "cannot copy");
}

static bool run_overwrite(struct copy *copy, GError **error)
{
	g_autofree uint8_t *zeroes = g_malloc0(BLOCK);
	off_t begin, end = 0;
	while ((begin = lseek(copy->to, end, SEEK_DATA)) >= 0) {
		end = lseek(copy->to, begin, SEEK_HOLE);
		for (off_t at = begin; at < end; at += (off_t)BLOCK)
			if (!write_at(copy->to, zeroes, MIN(BLOCK, (size_t)(end - at)), at, error))
				return false;
	}
	return !fsync(copy->to) || qvmi_error_set_errno(error, errno, "cannot overwrite");
}

static void copy_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
	(void)source, (void)cancellable;
	struct copy *copy = data;
	GError *error = NULL;
	if (copy->run(copy, &error))
		g_task_return_boolean(task, TRUE);
	else
		g_task_return_error(task, error);
}

static void on_copied(GObject *source, GAsyncResult *result, void *data)
{
	(void)source, (void)data;
	const struct copy *copy = g_task_get_task_data(G_TASK(result));
	g_autoptr(GError) error = NULL;
	g_task_propagate_boolean(G_TASK(result), &error);
	copy->done(copy->data, error);
}

static void copy_begin(const struct copy *given, const uint8_t *key)
{
	struct copy *copy = g_new(struct copy, 1);
	*copy = *given;
	if (key)
		copy->key = secret_copy(key, SEALED_KEY_SIZE);
	g_autoptr(GTask) task = g_task_new(NULL, NULL, on_copied, NULL);
	g_task_set_task_data(task, copy, copy_free);
	g_task_run_in_thread(task, copy_thread);
}

void sealed_copy_seal(
    int from, int to, const uint8_t key[SEALED_KEY_SIZE], sealed_copied_fn done, void *data)
{
	const struct copy copy = {
	    .from = from, .to = to, .run = run_seal, .done = done, .data = data};
	copy_begin(&copy, key);
}

void sealed_copy_open(
    int from, int to, const uint8_t key[SEALED_KEY_SIZE], sealed_copied_fn done, void *data)
{
	const struct copy copy = {
	    .from = from, .to = to, .run = run_open, .done = done, .data = data};
	copy_begin(&copy, key);
}

void sealed_copy_as_it_is(
    int from, int to, const uint8_t key[SEALED_KEY_SIZE], sealed_copied_fn done, void *data)
{
	(void)key;
	const struct copy copy = {
	    .from = from, .to = to, .run = run_as_it_is, .done = done, .data = data};
	copy_begin(&copy, NULL);
}

void sealed_copy_overwrite(int file, sealed_copied_fn done, void *data)
{
	const struct copy copy = {
	    .from = -1, .to = file, .run = run_overwrite, .done = done, .data = data};
	copy_begin(&copy, NULL);
}
