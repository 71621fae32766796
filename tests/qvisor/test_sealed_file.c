/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "qvisor/sealed_file.h"

#define CHUNK ((size_t)1 << 20)

struct fixture {
	char *path;
	int fd;
};

static const uint8_t key[SEALED_KEY_SIZE] = "a key of thirty-two bytes, here";

static void set_up(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	fixture->fd = g_file_open_tmp("qvmi-sealed-XXXXXX", &fixture->path, NULL);
	g_assert_cmpint(fixture->fd, >=, 0);
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	close(fixture->fd);
	g_unlink(fixture->path);
	g_free(fixture->path);
}

static uint8_t *pattern(size_t n)
{
	uint8_t *bytes = g_malloc(n + 1);
	for (size_t i = 0; i < n; i++)
		bytes[i] = (uint8_t)(i * 7 + (i >> 12));
	return bytes;
}

static void seal(struct fixture *fixture, size_t n, size_t step)
{
	g_autoptr(GError) error = NULL;
	g_autofree uint8_t *bytes = pattern(n);
	g_assert_cmpint(ftruncate(fixture->fd, 0), ==, 0);
	lseek(fixture->fd, 0, SEEK_SET);
	AUTO(sealed_writer) writer = sealed_writer_new(fixture->fd, key, &error);
	g_assert_no_error(error);
	for (size_t at = 0; at < n; at += step)
		g_assert_true(sealed_write(writer, bytes + at, MIN(step, n - at), &error));
	g_assert_true(sealed_writer_finish(writer, &error));
}

/* What comes before the first error; G_MAXSIZE: all of it, and it is as it was. */
static size_t unseal(struct fixture *fixture, size_t n, const uint8_t *with)
{
	g_autoptr(GError) error = NULL;
	g_autofree uint8_t *bytes = pattern(n);
	size_t at = 0, part = 1;
	lseek(fixture->fd, 0, SEEK_SET);
	AUTO(sealed_reader) reader = sealed_reader_new(fixture->fd, with, &error);
	while (reader && part) {
		const uint8_t *chunk = sealed_read(reader, &part, &error);
		if (!chunk)
			break;
		g_assert_cmpuint(part, <=, n - at);
		g_assert_cmpmem(chunk, part, bytes + at, part);
		at += part;
	}
	if (error)
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT);
	return !error && at == n ? G_MAXSIZE : at;
}

static void test_sizes(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	static const size_t sizes[] = {0, 1, CHUNK - 1, CHUNK, CHUNK + 1, 3 * CHUNK};
	for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
		seal(fixture, sizes[i], 70001);
		g_assert_cmpuint(unseal(fixture, sizes[i], key), ==, G_MAXSIZE);
	}
}

static void test_another_key(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	uint8_t other[SEALED_KEY_SIZE];
	memcpy(other, key, sizeof(other));
	other[31] ^= 1;
	seal(fixture, 100, 100);
	g_assert_cmpuint(unseal(fixture, 100, other), ==, 0);
}

static void test_changed(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	size_t n = 2 * CHUNK + 500;
	seal(fixture, n, n);
	struct stat status;
	g_assert_cmpint(fstat(fixture->fd, &status), ==, 0);
	const off_t places[] = {0, 8, 39, 40, 40 + CHUNK, 40 + 2 * CHUNK + 40, status.st_size - 1};
	for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
		uint8_t byte;
		g_assert_cmpint(pread(fixture->fd, &byte, 1, places[i]), ==, 1);
		byte ^= 0x40;
		g_assert_cmpint(pwrite(fixture->fd, &byte, 1, places[i]), ==, 1);
		g_assert_cmpuint(unseal(fixture, n, key), !=, G_MAXSIZE);
		byte ^= 0x40;
		g_assert_cmpint(pwrite(fixture->fd, &byte, 1, places[i]), ==, 1);
	}
	g_assert_cmpuint(unseal(fixture, n, key), ==, G_MAXSIZE);
}

/* Also where a chunk ends: what is left is whole chunks, and none of them is the last. */
static void test_cut_off(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	size_t n = 2 * CHUNK + 500;
	static const off_t sizes[] = {
	    0, 39, 40, 50, 40 + CHUNK + 16, 40 + 2 * (CHUNK + 16), 40 + 2 * (CHUNK + 16) + 515};
	for (unsigned i = 0; i < G_N_ELEMENTS(sizes); i++) {
		seal(fixture, n, n);
		g_assert_cmpint(ftruncate(fixture->fd, sizes[i]), ==, 0);
		g_assert_cmpuint(unseal(fixture, n, key), !=, G_MAXSIZE);
	}
}

static void test_exchanged(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	size_t n = 3 * CHUNK, step = CHUNK + 16;
	seal(fixture, n, n);
	g_autofree uint8_t *first = g_malloc(step), *second = g_malloc(step);
	g_assert_cmpint(pread(fixture->fd, first, step, 40), ==, step);
	g_assert_cmpint(pread(fixture->fd, second, step, 40 + step), ==, step);
	g_assert_cmpint(pwrite(fixture->fd, second, step, 40), ==, step);
	g_assert_cmpint(pwrite(fixture->fd, first, step, 40 + step), ==, step);
	g_assert_cmpuint(unseal(fixture, n, key), ==, 0);
}

static void test_full_disk(void)
{
	g_autoptr(GError) error = NULL;
	AUTO_FD full = open("/dev/full", O_WRONLY | O_CLOEXEC);
	AUTO(sealed_writer) writer = sealed_writer_new(full, key, &error);
	g_assert_null(writer);
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name, function) g_test_add(name, struct fixture, NULL, set_up, function, tear_down)
	ADD("/sealed-file/sizes", test_sizes);
	ADD("/sealed-file/another-key", test_another_key);
	ADD("/sealed-file/changed", test_changed);
	ADD("/sealed-file/cut-off", test_cut_off);
	ADD("/sealed-file/exchanged", test_exchanged);
#undef ADD
	g_test_add_func("/sealed-file/full-disk", test_full_disk);
	return g_test_run();
}
