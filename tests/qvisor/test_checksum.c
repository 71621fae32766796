/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"
#include "qvisor/checksum.h"

struct fixture {
	char *path;
	int fd;
};

static void set_up(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	fixture->fd = g_file_open_tmp("qvmi-checksum-XXXXXX", &fixture->path, NULL);
	g_assert_cmpint(fixture->fd, >=, 0);
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	close(fixture->fd);
	g_unlink(fixture->path);
	g_free(fixture->path);
}

static char *sum(struct fixture *fixture)
{
	g_autoptr(GError) error = NULL;
	char *text = checksum_file(fixture->path, NULL, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(strlen(text), ==, 64);
	return text;
}

static void put(struct fixture *fixture, off_t offset, char byte)
{
	g_assert_cmpint(pwrite(fixture->fd, &byte, 1, offset), ==, 1);
}

#define SIZE (5 * CHECKSUM_BLOCK + 1000)

/* The same content has the same sum, however its holes lie. */
static void test_holes(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_assert_cmpint(ftruncate(fixture->fd, SIZE), ==, 0);
	put(fixture, 2 * CHECKSUM_BLOCK + 7, 'x');
	g_autofree char *sparse = sum(fixture);
	put(fixture, 4 * CHECKSUM_BLOCK, 0); /* a written zero instead of a hole */
	g_autofree char *written = sum(fixture);
	g_assert_cmpstr(sparse, ==, written);
	g_autofree char *zeros = g_malloc0(2 * CHECKSUM_BLOCK);
	g_assert_cmpint(pwrite(fixture->fd, zeros, 2 * CHECKSUM_BLOCK, 0), ==, 2 * CHECKSUM_BLOCK);
	g_autofree char *full = sum(fixture);
	g_assert_cmpstr(sparse, ==, full);
}

/* Every bit counts: in data, in a hole, at the very end; and so does the size. */
static void test_bits(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	static const off_t places[] = {0, 1, 2 * CHECKSUM_BLOCK + 7, 3 * CHECKSUM_BLOCK, SIZE - 1};
	g_assert_cmpint(ftruncate(fixture->fd, SIZE), ==, 0);
	put(fixture, 2 * CHECKSUM_BLOCK + 7, 'x');
	g_autofree char *good = sum(fixture);
	for (unsigned i = 0; i < G_N_ELEMENTS(places); i++) {
		char was = 0;
		g_assert_cmpint(pread(fixture->fd, &was, 1, places[i]), ==, 1);
		put(fixture, places[i], was ^ 1);
		g_autofree char *flipped = sum(fixture);
		g_assert_cmpstr(flipped, !=, good);
		put(fixture, places[i], was);
		g_autofree char *again = sum(fixture);
		g_assert_cmpstr(again, ==, good);
	}
	g_assert_cmpint(ftruncate(fixture->fd, SIZE + 1), ==, 0);
	g_autofree char *longer = sum(fixture);
	g_assert_cmpstr(longer, !=, good);
	g_assert_cmpint(ftruncate(fixture->fd, SIZE - 1), ==, 0);
	g_autofree char *shorter = sum(fixture);
	g_assert_cmpstr(shorter, !=, good);
}

/* The same block elsewhere is another file. */
static void test_place(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_assert_cmpint(ftruncate(fixture->fd, SIZE), ==, 0);
	put(fixture, 0, 'x');
	g_autofree char *here = sum(fixture);
	put(fixture, 0, 0);
	put(fixture, CHECKSUM_BLOCK, 'x');
	g_autofree char *there = sum(fixture);
	g_assert_cmpstr(here, !=, there);
}

static void test_errors(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	g_assert_null(checksum_file("/nowhere/at/all", NULL, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	g_clear_error(&error);
	put(fixture, 0, 'x');
	g_autoptr(GCancellable) cancellable = g_cancellable_new();
	g_cancellable_cancel(cancellable);
	g_assert_null(checksum_file(fixture->path, cancellable, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CANCELLED);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name)                                                                                  \
	g_test_add("/checksum/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
	ADD(holes);
	ADD(bits);
	ADD(place);
	ADD(errors);
	return g_test_run();
}
