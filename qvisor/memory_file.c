/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/memory_file.h"

#include <errno.h>
#include <fcntl.h>
#include <gio/gio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "qvisor/memory_delta.h"
#include "qvisor/secret_memory.h"

struct transfer {
	int socket;
	char *path, *base;
	uint8_t *key; /* secret_memory.h */
	uint64_t size;
	struct memory_figures figures;
	memory_saved_fn saved;
	memory_loaded_fn loaded;
	void *data;
};

static void transfer_free(void *pointer)
{
	struct transfer *transfer = pointer;
	fd_cleanup(&transfer->socket);
	secret_free(transfer->key);
	g_free(transfer->path);
	g_free(transfer->base);
	g_free(transfer);
}

/* --- save --- */

bool memory_base_map(const char *path, uint64_t size, uint8_t **base, GError **error)
{
	struct stat status;
	*base = NULL;
	if (!path)
		return true;
	AUTO_FD fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || fstat(fd, &status)) {
		qvmi_error_set_errno(error, errno, "cannot read %s", path);
		return false;
	}
	if ((uint64_t)status.st_size != size) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_CORRUPT, "%s is not as large as it was", path);
		return false;
	}
	void *map = mmap(NULL, size, PROT_READ, MAP_SHARED, fd, 0);
	if (map == MAP_FAILED) {
		qvmi_error_set_errno(error, errno, "cannot map %s", path);
		return false;
	}
	*base = map;
	return true;
}

static bool write_sealed(void *data, const void *bytes, size_t n, GError **error)
{
	return sealed_write(data, bytes, n, error);
}

static bool save_to(struct transfer *transfer, int file, GError **error)
{
	uint8_t *base;
	AUTO(sealed_writer) writer = sealed_writer_new(file, transfer->key, error);
	if (!writer || !memory_base_map(transfer->base, transfer->size, &base, error))
		return false;
	struct memory_delta delta = {.fd = transfer->socket,
	    .base = base,
	    .size = transfer->size,
	    .write = write_sealed,
	    .data = writer};
	bool good = memory_delta_filter(&delta, error) && sealed_writer_finish(writer, error);
	transfer->figures = (struct memory_figures){delta.pages, delta.kept};
	if (base)
		munmap(base, transfer->size);
	return good;
}

static void save_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
	(void)source, (void)cancellable;
	struct transfer *transfer = data;
	GError *error = NULL;
	unlink(transfer->path);
	AUTO_FD file = open(transfer->path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (file < 0)
		qvmi_error_set_errno(&error, errno, "cannot write %s", transfer->path);
	else if (!save_to(transfer, file, &error))
		unlink(transfer->path);
	if (error) {
		/* QEMU must not wait for a reader that is gone. */
		shutdown(transfer->socket, SHUT_RDWR);
		g_task_return_error(task, error);
	} else {
		g_task_return_boolean(task, TRUE);
	}
}

static void on_saved(GObject *source, GAsyncResult *result, void *data)
{
	(void)source, (void)data;
	const struct transfer *transfer = g_task_get_task_data(G_TASK(result));
	g_autoptr(GError) error = NULL;
	g_task_propagate_boolean(G_TASK(result), &error);
	transfer->saved(transfer->data, error ? NULL : &transfer->figures, error);
}

static struct transfer *transfer_new(int socket, const char *path, const uint8_t *key)
{
	struct transfer *transfer = g_new0(struct transfer, 1);
	transfer->socket = socket;
	transfer->path = g_strdup(path);
	transfer->key = secret_copy(key, SEALED_KEY_SIZE);
	return transfer;
}

void memory_file_save(int socket, const char *path, const uint8_t key[SEALED_KEY_SIZE],
    const char *base, uint64_t size, memory_saved_fn done, void *data)
{
	struct transfer *transfer = transfer_new(socket, path, key);
	transfer->base = g_strdup(base);
	transfer->size = size;
	transfer->saved = done;
	transfer->data = data;
	g_autoptr(GTask) task = g_task_new(NULL, NULL, on_saved, NULL);
	g_task_set_task_data(task, transfer, transfer_free);
	g_task_run_in_thread(task, save_thread);
}

/* --- load --- */

static bool send_all(int socket, const uint8_t *bytes, size_t n, GError **error)
{
	while (n) {
		ssize_t sent = send(socket, bytes, n, MSG_NOSIGNAL);
		if (sent < 0 && errno == EINTR)
			continue;
		if (sent < 0) {
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED,
			    "QEMU stopped reading the phone's memory: %s", g_strerror(errno));
			return false;
		}
		bytes += sent;
		n -= (size_t)sent;
	}
	return true;
}

static bool load_from(struct transfer *transfer, int file, GError **error)
{
	AUTO(sealed_reader) reader = sealed_reader_new(file, transfer->key, error);
	size_t n = 1;
	while (reader && n) {
		const uint8_t *bytes = sealed_read(reader, &n, error);
		if (!bytes || !send_all(transfer->socket, bytes, n, error))
			return false;
	}
	return reader;
}

static void load_thread(GTask *task, void *source, void *data, GCancellable *cancellable)
{
	(void)source, (void)cancellable;
	struct transfer *transfer = data;
	GError *error = NULL;
	AUTO_FD file = open(transfer->path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	if (file < 0)
		qvmi_error_set_errno(&error, errno, "cannot read %s", transfer->path);
	else if (!load_from(transfer, file, &error))
		g_prefix_error(&error, "%s: ", transfer->path);
	if (error)
		g_task_return_error(task, error);
	else
		g_task_return_boolean(task, TRUE);
}

static void on_loaded(GObject *source, GAsyncResult *result, void *data)
{
	(void)source, (void)data;
	const struct transfer *transfer = g_task_get_task_data(G_TASK(result));
	g_autoptr(GError) error = NULL;
	g_task_propagate_boolean(G_TASK(result), &error);
	/* First we say what is wrong; when the socket is closed QEMU finds that nothing more comes.
	 */
	transfer->loaded(transfer->data, error);
}

void memory_file_load(int socket, const char *path, const uint8_t key[SEALED_KEY_SIZE],
    memory_loaded_fn done, void *data)
{
	struct transfer *transfer = transfer_new(socket, path, key);
	transfer->loaded = done;
	transfer->data = data;
	g_autoptr(GTask) task = g_task_new(NULL, NULL, on_loaded, NULL);
	g_task_set_task_data(task, transfer, transfer_free);
	g_task_run_in_thread(task, load_thread);
}
