/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib.h>
#include <glib/gstdio.h>

#include "common/error.h"
#include "mtp-client/sdl/options.h"

static struct options *parse(const char *line, GError **error)
{
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	/* GOption moves the pointers about. */
	g_autofree char **argv = g_memdup2(words, (g_strv_length(words) + 1) * sizeof(char *));

	return options_parse((int)g_strv_length(words), argv, error);
}

static void test_all(void)
{
	g_autoptr(GError) error = NULL;
	AUTO(options)
	options =
	    parse("mtp-client https://host:8443/ --user demo --password-file pw --ca-file ca.pem "
	          "--package calc --rotate 90 --headless --screenshot s.png --script s "
	          "--stats-json j",
	        &error);

	g_assert_no_error(error);
	g_assert_cmpstr(options->url, ==, "https://host:8443");
	g_assert_cmpstr(options->user, ==, "demo");
	g_assert_cmpstr(options->package, ==, "calc");
	g_assert_cmpint(options->rotate, ==, 90);
	g_assert_true(options->headless);
	g_assert_cmpstr(options->stats_json, ==, "j");
}

static void test_default(void)
{
	AUTO(options) options = parse("mtp-client --user demo https://host", NULL);

	g_assert_nonnull(options);
	g_assert_cmpstr(options->package, ==, "phone");
	g_assert_null(options->ca_file);
}

static void test_mistakes(void)
{
	static const char *const lines[] = {
	    "mtp-client",
	    "mtp-client https://host",
	    "mtp-client http://host --user demo",
	    "mtp-client host:8443 --user demo",
	    "mtp-client https:// --user demo",
	    "mtp-client https://demo:secret@host --user demo",
	    "mtp-client https://host https://other --user demo",
	    "mtp-client https://host --user demo --rotate 45",
	    "mtp-client https://host --user demo --rotate -90",
	    "mtp-client https://host --user demo --headless --fullscreen",
	    "mtp-client https://host --user demo --password secret",
	};

	for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
		g_autoptr(GError) error = NULL;

		g_test_message("%s", lines[i]);
		g_assert_null(parse(lines[i], &error));
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	}
}

static void assert_password(const char *content, const char *expected)
{
	g_autofree char *file = NULL;
	int fd = g_file_open_tmp("qvmi-XXXXXX", &file, NULL);
	g_autoptr(GError) error = NULL;
	struct options options = {.password_file = file};

	g_assert_cmpint(fd, >=, 0);
	g_close(fd, NULL);
	g_assert_true(g_file_set_contents(file, content, -1, NULL));
	char *password;

	g_assert_cmpint(options_password(&options, &password, &error), ==, expected != NULL);
	g_assert_cmpstr(password, ==, expected);
	if (!expected)
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	options_forget(password);
	g_unlink(file);
}

static void test_password_file(void)
{
	g_autoptr(GError) error = NULL;
	struct options missing = {.password_file = "/nonexistent/password"};

	assert_password("secret\n", "secret");
	assert_password("with blanks \r\nsecond line\n", "with blanks ");
	assert_password("no line end", "no line end");
	assert_password("", NULL);
	assert_password("\nsecond\n", NULL);
	assert_password("\xff\xfe\n", NULL);
	char *password;

	g_assert_false(options_password(&missing, &password, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	struct options ticket = {.kerberos = TRUE};
	g_assert_true(options_password(&ticket, &password, NULL));
	g_assert_null(password);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/options/all", test_all);
	g_test_add_func("/options/default", test_default);
	g_test_add_func("/options/mistakes", test_mistakes);
	g_test_add_func("/options/password-file", test_password_file);
	return g_test_run();
}
