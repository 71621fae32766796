/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib/gstdio.h>
#include <unistd.h>

#include "common/cleanup.h"
#include "common/error.h"
#include "qvisor/folder.h"

static void test_locks(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_dir_make_tmp("qvmi-folder-XXXXXX", &error);
	g_assert_no_error(error);

	/* Two daemons may clone from a template, and neither delete it under the other. */
	AUTO_FD one = folder_lock(path, false, &error);
	AUTO_FD other = folder_lock(path, false, &error);
	g_assert_no_error(error);
	g_assert_cmpint(one, >=, 0);
	g_assert_cmpint(other, >=, 0);
	g_assert_cmpint(folder_lock(path, true, &error), ==, -1);
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT);
	g_assert_nonnull(strstr(error->message, path));
	g_clear_error(&error);

	close(fd_steal(&one));
	close(fd_steal(&other));
	AUTO_FD builder = folder_lock(path, true, &error);
	g_assert_no_error(error);
	g_assert_cmpint(folder_lock(path, false, &error), ==, -1);
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT);
	g_clear_error(&error);

	/* What is deleted cannot be locked, and says so as another thing than a conflict. */
	g_assert_cmpint(builder, >=, 0);
	g_assert_true(folder_delete(path, &error));
	g_assert_cmpint(folder_lock(path, false, &error), ==, -1);
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_FAILED);
}

static void test_make_and_delete(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *root = g_dir_make_tmp("qvmi-folder-XXXXXX", &error);
	g_autofree char *path = g_build_filename(root, "a", "b", NULL);
	g_autofree char *parent = g_path_get_dirname(path);
	g_autofree char *file = g_build_filename(path, "file", NULL);

	g_assert_true(folder_make(path, &error));
	g_assert_true(folder_make(path, &error));
	g_assert_true(g_file_set_contents(file, "x", 1, NULL));
	/* One level only: a folder with folders in it is somebody else's. */
	g_assert_false(folder_delete(parent, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_FAILED);
	g_clear_error(&error);
	g_assert_true(g_file_test(file, G_FILE_TEST_EXISTS));
	g_assert_true(folder_delete(path, &error));
	g_assert_true(folder_delete(path, &error));
	g_assert_true(folder_delete(parent, &error));
	/* What a killed daemon was deleting is told by its name, and can be deleted. */
	g_autofree char *half = g_build_filename(root, ".deleting-b", NULL);
	g_assert_true(folder_make(half, &error));
	g_assert_true(folder_is_being_deleted(".deleting-b"));
	g_assert_false(folder_is_being_deleted("b"));
	g_assert_true(folder_delete(half, &error));
	g_assert_false(g_file_test(half, G_FILE_TEST_EXISTS));
	g_assert_cmpuint(folder_free_mib(root), >, 0);
	g_assert_cmpint(g_rmdir(root), ==, 0);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/folder/locks", test_locks);
	g_test_add_func("/folder/make-and-delete", test_make_and_delete);
	return g_test_run();
}
