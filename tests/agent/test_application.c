/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Desktop ids and desktop files. */
#include "agent/application.h"

#include <glib.h>
#include <glib/gstdio.h>
#include <string.h>
#include <unistd.h>

static void test_ids(void)
{
	static const char *const good[] = {
	    "org.gnome.Calculator", "a", "firefox-esr", "x_1.y", "0ad"};
	static const char *const bad[] = {"", ".", "..", ".hidden", "-option", "--help", "a/b",
	    "../../bin/sh", "a b", "a;b", "$(x)", "a\nb", "a'b", "\xc3\xa9"};
	g_autofree char *longest = g_strnfill(APPLICATION_ID_MAX, 'a'),
	                *too_long = g_strnfill(APPLICATION_ID_MAX + 1, 'a');
	for (gsize i = 0; i < G_N_ELEMENTS(good); i++)
		g_assert_true(application_id_is_valid(good[i]));
	for (gsize i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_false(application_id_is_valid(bad[i]));
	g_assert_true(application_id_is_valid(longest));
	g_assert_false(application_id_is_valid(too_long));
}

struct folder {
	char *path;
};

static void set_up(struct folder *folder, gconstpointer data)
{
	(void)data;
	folder->path = g_dir_make_tmp("applications.XXXXXX", NULL);
}

static void tear_down(struct folder *folder, gconstpointer data)
{
	g_autoptr(GDir) dir = g_dir_open(folder->path, 0, NULL);
	(void)data;
	for (const char *name; (name = g_dir_read_name(dir));) {
		g_autofree char *path = g_build_filename(folder->path, name, NULL);
		g_unlink(path);
	}
	g_rmdir(folder->path);
	g_free(folder->path);
}

static void add(struct folder *folder, const char *name, const char *text)
{
	g_autofree char *path = g_build_filename(folder->path, name, NULL);
	g_assert_true(g_file_set_contents(path, text, -1, NULL));
}

static void test_reads(struct folder *folder, gconstpointer data)
{
	struct application application;
	(void)data;
	add(folder, "a.desktop",
	    "# comment\n[Desktop Entry]\nName[de]=Rechner\nName = "
	    "Calculator\nType=Application\nExec=true\n[Desktop Action new]\nName=New "
	    "Window\nNoDisplay=true\n");
	g_assert_true(application_read(&application, folder->path, "a.desktop"));
	g_assert_cmpstr(application.id, ==, "a");
	g_assert_cmpstr(application.name, ==, "Calculator");

	static const char *const hidden[] = {
	    "",
	    "[Desktop Entry]\nName=X\n",
	    "[Desktop Entry]\nType=Link\nName=X\n",
	    "[Desktop Entry]\nType=Application\n",
	    "[Desktop Entry]\nType=Application\nName=X\nNoDisplay=true\n",
	    "[Desktop Entry]\nType=Application\nName=X\nHidden=true\n",
	    "[Desktop Entry]\nType=Application\nName=X\nOnlyShowIn=KDE;XFCE;\n",
	    "[Desktop Entry]\nType=Application\nName=X\nNotShowIn=KDE;GNOME\n",
	    "[Other]\nType=Application\nName=X\n",
	};
	for (gsize i = 0; i < G_N_ELEMENTS(hidden); i++) {
		add(folder, "h.desktop", hidden[i]);
		g_assert_false(application_read(&application, folder->path, "h.desktop"));
	}
	add(folder, "h.desktop",
	    "[Desktop Entry]\nType=Application\nName=X\nOnlyShowIn=KDE;GNOME;\n");
	g_assert_true(application_read(&application, folder->path, "h.desktop"));
	g_assert_false(application_read(&application, folder->path, "missing.desktop"));
	g_assert_false(application_read(&application, folder->path, "../a.desktop"));
	g_assert_false(application_read(&application, folder->path, ".desktop"));
}

static void test_lists(struct folder *folder, gconstpointer data)
{
	(void)data;
	add(folder, "b.desktop", "[Desktop Entry]\nType=Application\nName=B\n");
	add(folder, "a.desktop", "[Desktop Entry]\nType=Application\nName=A\n");
	add(folder, "a.txt", "[Desktop Entry]\nType=Application\nName=T\n");
	struct json_object *list = application_list(folder->path);
	g_assert_cmpstr(json_object_to_json_string_ext(list, JSON_C_TO_STRING_PLAIN), ==,
	    "[{\"id\":\"a\",\"name\":\"A\"},{\"id\":\"b\",\"name\":\"B\"}]");
	json_object_put(list);
	list = application_list("/nonexistent");
	g_assert_cmpuint(json_object_array_length(list), ==, 0);
	json_object_put(list);
}

static void test_list_is_bounded(struct folder *folder, gconstpointer data)
{
	(void)data;
	for (int i = 0; i < APPLICATION_LIST_MAX + 20; i++) {
		g_autofree char *name = g_strdup_printf("app%03d.desktop", i);
		add(folder, name, "[Desktop Entry]\nType=Application\nName=A\n");
	}
	struct json_object *list = application_list(folder->path);
	g_assert_cmpuint(json_object_array_length(list), ==, APPLICATION_LIST_MAX);
	json_object_put(list);
}

static void test_launch_refuses(struct folder *folder, gconstpointer data)
{
	struct rpc_error error;
	(void)data;
	g_assert_false(application_launch(folder->path, "../a", getuid(), &error));
	g_assert_cmpint(error.code, ==, RPC_INVALID_PARAMS);
	g_assert_false(application_launch(folder->path, "missing", getuid(), &error));
	g_assert_cmpint(error.code, ==, RPC_FAILED);
	add(folder, "a.desktop", "[Desktop Entry]\nType=Application\nName=A\n");
	g_assert_false(application_launch(folder->path, "a", 65533, &error));
	g_assert_cmpint(error.code, ==, RPC_FAILED);
}

#define ADD(name, function)                                                                        \
	g_test_add("/agent/application/" name, struct folder, NULL, set_up, function, tear_down)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/agent/application/ids", test_ids);
	ADD("reads", test_reads);
	ADD("lists", test_lists);
	ADD("list-is-bounded", test_list_is_bounded);
	ADD("launch-refuses", test_launch_refuses);
	return g_test_run();
}
