/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib/gstdio.h>
#include <string.h>

#include "common/config.h"
#include "common/error.h"
#include "common/file.h"

static const struct config_key keys[] = {
    {"listen", "port", CONFIG_INT, "80", 1, 65535, "port"},
    {"listen", "address", CONFIG_STRING, NULL, 0, 0, "address"},
    {"store", "folder", CONFIG_PATH, "data", 0, 0, "folder"},
    {"store", "keep", CONFIG_BOOL, "false", 0, 0, "keep it"},
    {0},
};

static char *folder, *path;

static struct config *load(const char *text, GError **error)
{
	g_assert_true(file_store(path, text, strlen(text), 0600, NULL));
	return config_load("my-daemon", keys, path, error);
}

static void test_good(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *inside = g_build_filename(folder, "x y", NULL);

	AUTO(config)
	config = load("# a comment\n\n[listen]\nport = 8443\naddress=a\\sb\n[store]\n"
	              "folder = x y\nkeep=true\n",
	    &error);
	g_assert_no_error(error);
	g_assert_cmpint(config_int(config, "listen", "port"), ==, 8443);
	g_assert_cmpstr(config_string(config, "listen", "address"), ==, "a b");
	g_assert_cmpstr(config_string(config, "store", "folder"), ==, inside);
	g_assert_true(config_bool(config, "store", "keep"));

	AUTO(config) defaults = load("[listen]\nport=\n", &error);
	g_assert_no_error(error);
	g_assert_cmpint(config_int(defaults, "listen", "port"), ==, 80);
	g_assert_null(config_string(defaults, "listen", "address"));
	g_assert_false(config_bool(defaults, "store", "keep"));
}

static void refused(const char *text, const char *line, const char *what)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *where = g_strdup_printf("%s:%s:", path, line);
	struct config *config = load(text, &error);

	g_assert_null(config);
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	if (!g_str_has_prefix(error->message, where) || !strstr(error->message, what))
		g_error("\"%s\" is not about %s and \"%s\"", error->message, where, what);
}

static void test_refused(void)
{
	refused("[listen]\n\nprot = 1\n", "3", "unknown key \"prot\" in [listen]; there are: port");
	refused("[lisen]\nport = 1\n", "1", "unknown group [lisen]; there are: [listen] [store]");
	refused("[listen]\nport = 1\nport = 2\n", "3", "given twice");
	refused("[listen]\nport = http\n", "2", "not a whole number");
	refused("[listen]\nport = 8 0\n", "2", "not a whole number");
	refused("[listen]\nport = 0\n", "2", "not within 1 and 65535");
	refused("[listen]\nport = 99999999999999999999\n", "2", "not within");
	refused("[store]\nkeep = yes\n", "2", "neither true nor false");
	refused("port = 1\n", "1", "before the first");
	refused("[listen\n", "1", "[group]");
	refused("[listen]\nport\n", "2", "key = value");
	refused("[listen]\naddress = a\\qb\n", "2", "escape");
}

static void test_not_there(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(config_load("d", keys, "/nonexistent/d.conf", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_true(file_store(path, "[listen]\n\0", 10, 0600, NULL));
	g_assert_null(config_load("d", keys, path, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
}

static void test_environment(void)
{
	g_autoptr(GError) error = NULL;

	g_setenv("MY_DAEMON_LISTEN_PORT", "99", TRUE);
	AUTO(config) config = load("[listen]\nport=1\n", &error);
	g_assert_no_error(error);
	g_assert_cmpint(config_int(config, "listen", "port"), ==, 99);
	g_setenv("MY_DAEMON_LISTEN_PORT", "x", TRUE);
	g_assert_null(load("", &error));
	g_assert_true(g_str_has_prefix(error->message, "$MY_DAEMON_LISTEN_PORT:"));
	g_unsetenv("MY_DAEMON_LISTEN_PORT");
}

/* What --help-config prints is a file that is taken. */
static void test_describe(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *text = config_describe(keys);

	AUTO(config) config = load(text, &error);
	g_assert_no_error(error);
	g_assert_nonnull(strstr(text, "# port (1 to 65535)\nport = 80\n"));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	folder = g_dir_make_tmp("qvmi-config-XXXXXX", NULL);
	path = g_build_filename(folder, "d.conf", NULL);
	g_test_add_func("/config/good", test_good);
	g_test_add_func("/config/refused", test_refused);
	g_test_add_func("/config/not-there", test_not_there);
	g_test_add_func("/config/environment", test_environment);
	g_test_add_func("/config/describe", test_describe);
	int result = g_test_run();
	g_unlink(path);
	g_rmdir(folder);
	g_free(path);
	g_free(folder);
	return result;
}
