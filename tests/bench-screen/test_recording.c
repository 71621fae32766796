/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders of pictures, good and bad. */
#include <glib/gstdio.h>
#include <string.h>

#include "bench/screen/recording.h"
#include "common/error.h"

struct fixture {
	char *folder;
};

static void set_up(struct fixture *f, gconstpointer data)
{
	(void)data;
	f->folder = g_dir_make_tmp("recording-XXXXXX", NULL);
	g_assert_nonnull(f->folder);
}

static void tear_down(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autoptr(GDir) dir = g_dir_open(f->folder, 0, NULL);
	for (const char *name; (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(f->folder, name, NULL);
		g_unlink(path);
	}
	g_rmdir(f->folder);
	g_free(f->folder);
}

static char *put(struct fixture *f, const char *name, const char *bytes, gssize n)
{
	char *path = g_build_filename(f->folder, name, NULL);
	g_assert_true(g_file_set_contents(path, bytes, n, NULL));
	return path;
}

static void test_order(struct fixture *f, gconstpointer data)
{
	(void)data;
	const char *const names[] = {"100.ppm", "9.ppm", "020.ppm", "notes.txt"};
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
		g_free(put(f, names[i], "", 0));
	AUTO(recording) recording = recording_open(f->folder, NULL);
	g_assert_cmpuint(recording->n, ==, 3);
	g_assert_cmpuint(recording->frames[0].ms, ==, 9);
	g_assert_cmpuint(recording->frames[1].ms, ==, 20);
	g_assert_cmpuint(recording->frames[2].ms, ==, 100);
}

static void check_refused(struct fixture *f, const char *says)
{
	g_autoptr(GError) error = NULL;
	g_assert_null(recording_open(f->folder, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_assert_nonnull(strstr(error->message, says));
}

static void test_names(struct fixture *f, gconstpointer data)
{
	(void)data;
	check_refused(f, "there is no <milliseconds>.ppm");
	g_free(put(f, "5.ppm", "", 0));
	g_free(put(f, "05.ppm", "", 0));
	check_refused(f, "of the same time");
	g_free(put(f, "last.ppm", "", 0));
	check_refused(f, "named by its time");
	g_free(put(f, "-1.ppm", "", 0));
	check_refused(f, "named by its time");
}

static void check_bad(struct fixture *f, const char *bytes, gssize n, const char *says)
{
	g_autofree char *path = put(f, "1.ppm", bytes, n);
	g_autoptr(GError) error = NULL;
	struct ppm ppm;
	g_assert_false(ppm_read(path, &ppm, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_assert_nonnull(strstr(error->message, says));
	g_assert_nonnull(strstr(error->message, path));
}

static void test_pictures(struct fixture *f, gconstpointer data)
{
	(void)data;
	g_autofree char *path = put(f, "1.ppm", "P6 # made by hand\n2 1\n255\n\1\2\3\4\5\6", -1);
	struct ppm ppm;
	g_assert_true(ppm_read(path, &ppm, NULL));
	g_assert_cmpuint(ppm.width, ==, 2);
	g_assert_cmpuint(ppm.height, ==, 1);
	g_assert_cmpmem(ppm.rgb, 6, "\1\2\3\4\5\6", 6);
	g_assert_true(ppm_write(path, 2, 1, ppm.rgb, NULL));
	ppm_finish(&ppm);
	g_assert_true(ppm_read(path, &ppm, NULL));
	g_assert_cmpmem(ppm.rgb, 6, "\1\2\3\4\5\6", 6);
	ppm_finish(&ppm);
	check_bad(f, "", 0, "not a PPM");
	check_bad(f, "P5\n1 1\n255\n\1", -1, "not a PPM");
	check_bad(f, "P6\n1 1\n255", -1, "not a PPM");
	check_bad(f, "P6\n1 99999999999\n255\n\1", -1, "not a PPM");
	check_bad(f, "P6\n1 -1\n255\n\1", -1, "not a PPM");
	check_bad(f, "P6\n0 1\n255\n\1", -1, "has 0x1 pixels");
	check_bad(f, "P6\n65535 65535\n255\n\1", -1, "has 65535x65535 pixels");
	check_bad(f, "P6\n1 1\n65535\n\1\2\3\4\5\6", -1, "samples up to 65535");
	check_bad(f, "P6\n2 1\n255\n\1\2\3\4\5", -1, "cut off: 2x1 pixels need 6 bytes, 5");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
#define ADD(name)                                                                                  \
	g_test_add("/recording/" #name, struct fixture, NULL, set_up, test_##name, tear_down)
	ADD(order);
	ADD(names);
	ADD(pictures);
	return g_test_run();
}
