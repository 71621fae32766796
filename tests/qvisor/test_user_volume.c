/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Users' volumes on a host: made ahead of time, given by a rename, gone with their key. */
#include "qvisor/user_volume_store.h"

#include <glib/gstdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "qvisor/folder.h"
#include "qvisor/secret_memory.h"
#include "qvisor/user_volume.h"

#define ID "01234567-89ab-4cde-8f01-23456789abcd"
#define OTHER "01234567-89ab-4cde-8f01-23456789abce"
#define SIZE_MIB 64

struct fixture {
	char *folder;
	struct user_volume_store *store;
};

static struct user_volume_store *open_store(
    const struct fixture *fixture, unsigned stock, GError **error)
{
	const struct user_volume_store_settings settings = {
	    .folder = fixture->folder, .size_mib = SIZE_MIB, .stock = stock};
	return user_volume_store_open(&settings, error);
}

static void set_up(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	(void)data;
	fixture->folder = g_dir_make_tmp("volumes.XXXXXX", NULL);
	fixture->store = open_store(fixture, 0, &error);
	g_assert_no_error(error);
}

static void tear_down(struct fixture *fixture, gconstpointer data)
{
	(void)data;
	user_volume_store_free(fixture->store);
	g_autoptr(GDir) dir = g_dir_open(fixture->folder, 0, NULL);
	const char *name;
	while ((name = g_dir_read_name(dir))) {
		g_autofree char *path = g_build_filename(fixture->folder, name, NULL);
		folder_delete(path, NULL);
	}
	g_assert_cmpint(g_rmdir(fixture->folder), ==, 0);
	g_free(fixture->folder);
}

struct answer {
	bool done;
	GError *error;
};

static void on_answer(void *data, const GError *error)
{
	struct answer *answer = data;
	g_assert_false(answer->done);
	answer->done = true;
	answer->error = error ? g_error_copy(error) : NULL;
}

static void want(struct fixture *fixture, const char *id)
{
	struct answer answer = {0};
	user_volume_store_want(fixture->store, id, on_answer, &answer);
	g_assert_false(answer.done);
	while (!answer.done)
		g_main_context_iteration(NULL, TRUE);
	g_assert_no_error(answer.error);
}

static char *path_in(const struct fixture *fixture, const char *id, const char *file)
{
	return g_build_filename(fixture->folder, id, file, NULL);
}

static void test_life(struct fixture *fixture, gconstpointer data)
{
	struct user_volume volume;
	g_autoptr(GError) error = NULL;
	(void)data;
	want(fixture, ID);
	want(fixture, ID); /* again: the same */
	g_autoptr(GPtrArray) list = user_volume_store_list(fixture->store);
	g_assert_cmpuint(list->len, ==, 1);
	g_autofree char *folder = user_volume_store_find(fixture->store, ID, &error);
	g_assert_no_error(error);
	g_assert_true(user_volume_read(folder, &volume, &error));
	g_assert_cmpuint(volume.size_mib, ==, SIZE_MIB);
	g_assert_cmpuint(volume.used_mib, <, SIZE_MIB / 2);
	g_autofree char *key = path_in(fixture, ID, "key");
	struct stat status;
	g_assert_cmpint(stat(key, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 0777, ==, 0600);
	char *passphrase = user_volume_passphrase(folder, &error);
	g_assert_cmpuint(strlen(passphrase), ==, 64);
	secret_free(passphrase);
	g_assert_true(user_volume_store_destroy(fixture->store, ID, &error));
	g_assert_false(g_file_test(folder, G_FILE_TEST_EXISTS));
	g_assert_null(user_volume_store_find(fixture->store, ID, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
}

/* No two have the same key, and what is in one is not what mke2fs(8) wrote. */
static void test_encrypted(struct fixture *fixture, gconstpointer data)
{
	g_autofree char *first = NULL, *second = NULL, *disk = NULL;
	gsize n;
	(void)data;
	want(fixture, ID);
	want(fixture, OTHER);
	g_autofree char *key = path_in(fixture, ID, "key"), *other = path_in(fixture, OTHER, "key"),
	                *file = path_in(fixture, ID, USER_VOLUME_DISK);
	g_assert_true(g_file_get_contents(key, &first, &n, NULL));
	g_assert_cmpuint(n, ==, 32);
	g_assert_true(g_file_get_contents(other, &second, &n, NULL));
	g_assert_cmpint(memcmp(first, second, 32), !=, 0);
	g_assert_true(g_file_get_contents(file, &disk, &n, NULL));
	g_assert_null(memmem(disk, n, "lost+found", 10));
	g_assert_null(memmem(disk, n, first, 32));
	g_autofree char *folder = user_volume_store_find(fixture->store, ID, NULL);
	char *passphrase = user_volume_passphrase(folder, NULL);
	g_assert_null(memmem(disk, n, passphrase, 64));
	secret_free(passphrase);
}

/* What a daemon that was killed has left: half a volume, and one without its key. */
static void test_left_over(struct fixture *fixture, gconstpointer data)
{
	g_autoptr(GError) error = NULL;
	(void)data;
	want(fixture, ID);
	want(fixture, OTHER);
	g_autofree char *part = path_in(fixture, ".part-x", NULL),
	                *ready = path_in(fixture, ".ready-x", NULL),
	                *whole = path_in(fixture, OTHER, NULL), *gone = path_in(fixture, ID, NULL);
	g_assert_cmpint(g_mkdir(part, 0700), ==, 0);
	g_assert_cmpint(g_mkdir(ready, 0700), ==, 0);
	g_assert_true(user_volume_store_destroy_key(fixture->store, ID, &error));
	g_assert_null(user_volume_store_find(fixture->store, ID, NULL));
	g_assert_null(open_store(fixture, 0, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT);
	g_clear_error(&error);
	user_volume_store_free(fixture->store);
	fixture->store = open_store(fixture, 1, &error);
	g_assert_no_error(error);
	g_assert_false(g_file_test(part, G_FILE_TEST_EXISTS));
	g_assert_false(g_file_test(ready, G_FILE_TEST_EXISTS));
	g_assert_false(g_file_test(gone, G_FILE_TEST_EXISTS));
	g_assert_true(g_file_test(whole, G_FILE_TEST_EXISTS));
	while (user_volume_store_ready(fixture->store) < 1)
		g_main_context_iteration(NULL, TRUE);
	want(fixture, ID); /* at once, from the stock */
}

static void test_damaged(struct fixture *fixture, gconstpointer data)
{
	struct user_volume volume;
	g_autoptr(GError) error = NULL;
	(void)data;
	want(fixture, ID);
	g_autofree char *folder = path_in(fixture, ID, NULL),
	                *disk = path_in(fixture, ID, USER_VOLUME_DISK);
	g_assert_true(g_file_set_contents(disk, "nonsense", -1, NULL));
	g_assert_false(user_volume_read(folder, &volume, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT);
}

static void test_ids(void)
{
	g_assert_true(user_volume_id_valid(ID));
	g_assert_false(user_volume_id_valid(""));
	g_assert_false(user_volume_id_valid("../" ID));
	g_assert_false(user_volume_id_valid("01234567-89AB-4cde-8f01-23456789abcd"));
}

/* Who waits when the daemon ends is told so, and nothing half made stays. */
static void test_cancelled(struct fixture *fixture, gconstpointer data)
{
	struct answer answer = {0};
	g_autoptr(GError) error = NULL;
	(void)data;
	user_volume_store_want(fixture->store, ID, on_answer, &answer);
	while (g_main_context_iteration(NULL, FALSE))
		;
	user_volume_store_free(g_steal_pointer(&fixture->store));
	g_assert_true(answer.done);
	g_assert_error(answer.error, QVMI_ERROR, QVMI_ERROR_CANCELLED);
	g_clear_error(&answer.error);
	fixture->store = open_store(fixture, 0, &error);
	g_autoptr(GDir) dir = g_dir_open(fixture->folder, 0, NULL);
	g_assert_null(g_dir_read_name(dir));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/qvisor/user-volume/ids", test_ids);
#define ADD(name, test)                                                                            \
	g_test_add("/qvisor/user-volume/" name, struct fixture, NULL, set_up, test, tear_down)
	ADD("life", test_life);
	ADD("encrypted", test_encrypted);
	ADD("left-over", test_left_over);
	ADD("damaged", test_damaged);
	ADD("cancelled", test_cancelled);
	return g_test_run();
}
