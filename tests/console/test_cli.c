/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line's tables and parsing, passwords, stored tokens, tables printed. */
#include <fcntl.h>
#include <glib/gstdio.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "common/error.h"
#include "common/file.h"
#include "common/json.h"
#include "console/cli.h"
#include "console/log_tail.h"
#include "console/nouns.h"
#include "console/output.h"
#include "console/secret.h"
#include "console/token_store.h"
#include "console/up.h"

static char *seen;

static bool run(struct cli *cli, GError **error)
{
	const char *name = cli_option(cli, "name");
	long number;

	if (!cli_option_int(cli, "number", 1, 9, 5, &number, error))
		return false;
	g_free(seen);
	seen = g_strdup_printf("%s|%s|%s|%ld|%d", cli_argument(cli, 0) ? cli_argument(cli, 0) : "-",
	    cli_argument(cli, 1) ? cli_argument(cli, 1) : "-", name ? name : "-", number,
	    cli_option(cli, "flag") != NULL);
	return true;
}

static const struct cli_option options[] = {
    {"name", "TEXT", "A name"}, {"number", "N", "A number"}, {"flag", NULL, "A flag"}, {0}};

/* What a guest calls itself must not reach the terminal as it is. */
static bool print(struct cli *cli, GError **error)
{
	static const struct output_column columns[] = {
	    {"NAME", "name"}, {"DEEP", "o.x"}, {"LIST", "l"}, {"NONE", "none"}, {0}};
	g_autoptr(JsonNode) node = json_parse_object(
	    "{\"things\":[{\"name\":\"a\\u001b[31m\\nb\",\"o\":{\"x\":true},\"l\":[1,\"z\"]},"
	    "{\"name\":\"\xc3\xa9\"},7]}",
	    -1, error);

	output_list(cli, node, "things", columns);
	return true;
}

static const struct cli_verb thing_verbs[] = {
    {"do", "A [B]", 1, 2, "Does.", options, run}, {"print", "", 0, 0, "Prints.", NULL, print}, {0}};

const struct cli_noun cli_nouns[] = {
    {"thing", "A thing", thing_verbs},
    {"up", "", up_verbs},
    {"status", "", status_verbs},
    {"host", "", host_verbs},
    {"template", "", template_verbs},
    {"vm", "", vm_verbs},
    {"pool", "", pool_verbs},
    {"user", "", user_verbs},
    {"package", "", package_verbs},
    {"session", "", session_verbs},
    {"login", "", login_verbs},
    {"logout", "", logout_verbs},
    {"audit", "", audit_verbs},
    {0},
};

/* Runs a command line with standard error silent; its exit code. */
static int command(const char *line)
{
	g_auto(GStrv) words = g_strsplit(line, " ", -1);
	int saved = dup(STDERR_FILENO), null = open("/dev/null", O_WRONLY);

	g_clear_pointer(&seen, g_free);
	fflush(stderr);
	dup2(null, STDERR_FILENO);
	int code = cli_main((int)g_strv_length(words), words);
	fflush(stderr);
	dup2(saved, STDERR_FILENO);
	close(saved);
	close(null);
	return code;
}

static void test_parse(void)
{
	g_assert_cmpint(command("qvmi thing do x"), ==, 0);
	g_assert_cmpstr(seen, ==, "x|-|-|5|0");
	g_assert_cmpint(
	    command("qvmi --format json thing do x y --name=a=b --flag --number 9"), ==, 0);
	g_assert_cmpstr(seen, ==, "x|y|a=b|9|1");
	g_assert_cmpint(command("qvmi thing do --name first x --name last"), ==, 0);
	g_assert_cmpstr(seen, ==, "x|-|last|5|0");
	g_assert_cmpint(command("qvmi thing do -- --name"), ==, 0);
	g_assert_cmpstr(seen, ==, "--name|-|-|5|0");
}

static void test_refused(void)
{
	static const char *const lines[] = {"qvmi nothing", "qvmi thing", "qvmi thing undo",
	    "qvmi thing do", "qvmi thing do a b c", "qvmi thing do a --unknown",
	    "qvmi thing do a --name", "qvmi thing do a --flag=1", "qvmi thing do a --number ten",
	    "qvmi thing do a --number 10", "qvmi thing do a --number 1x",
	    "qvmi thing do a --format xml", "qvmi --name x thing do a"};

	for (unsigned i = 0; i < G_N_ELEMENTS(lines); i++) {
		int code = command(lines[i]);
		if (code != 2)
			g_error("\"%s\" ends with %d", lines[i], code);
		g_assert_null(seen);
	}
}

static bool has(const struct cli_option *list, const char *name)
{
	for (; list && list->name; list++)
		if (g_str_equal(list->name, name))
			return true;
	return false;
}

/* A verb's option that hides one of all commands would be taken for it. */
static void test_tables(void)
{
	for (const struct cli_noun *noun = cli_nouns; noun->name; noun++)
		for (const struct cli_verb *verb = noun->verbs; verb->run; verb++) {
			g_assert_cmpuint(verb->min, <=, verb->max);
			g_assert_nonnull(verb->help);
			for (const struct cli_option *o = verb->options; o && o->name; o++) {
				if (has(cli_global_options, o->name) || has(o + 1, o->name))
					g_error("%s %s has --%s twice", noun->name,
					    verb->name ? verb->name : "", o->name);
				g_assert_nonnull(o->help);
			}
		}
}

static void test_unreachable(void)
{
	g_assert_cmpint(command("qvmi host list --server unix:/nonexistent/socket"), ==, 5);
	g_assert_cmpint(command("qvmi host list --server http://192.0.2.1"), ==, 2);
}

/* --- passwords and tokens --- */

static void test_secret(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *file = g_build_filename(g_get_tmp_dir(), "qvmi-secret-test", NULL);

	g_assert_true(file_store(file, "pass word\r\nrest", 15, 0600, NULL));
	char *secret = secret_read(file, "Password", false, &error);
	g_assert_cmpstr(secret, ==, "pass word");
	secret_free(secret);
	g_assert_true(file_store(file, "\n", 1, 0600, NULL));
	g_assert_null(secret_read(file, "Password", false, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_clear_error(&error);
	g_unlink(file);
	g_assert_null(secret_read(file, "Password", false, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	g_clear_error(&error);

	/* Standard input that is no terminal: its first line, and no byte more. */
	int fds[2], saved = dup(STDIN_FILENO);
	g_assert_cmpint(pipe(fds), ==, 0);
	g_assert_cmpint(write(fds[1], "one\ntwo\n", 8), ==, 8);
	dup2(fds[0], STDIN_FILENO);
	secret = secret_read(NULL, "Password", true, &error);
	g_assert_cmpstr(secret, ==, "one");
	secret_free(secret);
	secret = secret_read(NULL, "Password", true, &error);
	g_assert_cmpstr(secret, ==, "two");
	secret_free(secret);
	close(fds[1]);
	g_assert_null(secret_read(NULL, "Password", true, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	dup2(saved, STDIN_FILENO);
	close(saved);
	close(fds[0]);
}

static void test_token_store(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *ca = NULL;

	g_assert_null(token_store_load("https://a:1", &ca));
	g_assert_true(token_store_save("https://a:1", "secret-a", "/x/ca.pem", &error));
	g_assert_true(token_store_save("https://b:1", "secret-b", NULL, &error));
	g_autofree char *a = token_store_load("https://a:1", &ca);
	g_assert_cmpstr(a, ==, "secret-a");
	g_assert_cmpstr(ca, ==, "/x/ca.pem");
	g_autofree char *folder = g_build_filename(g_get_user_config_dir(), "qvmi", "login", NULL);
	g_autoptr(GDir) files = g_dir_open(folder, 0, NULL);
	const char *name;
	unsigned n = 0;
	while ((name = g_dir_read_name(files))) {
		g_autofree char *path = g_build_filename(folder, name, NULL);
		struct stat status;
		g_assert_cmpint(stat(path, &status), ==, 0);
		g_assert_cmpuint(status.st_mode & 0777, ==, 0600);
		n++;
	}
	g_assert_cmpuint(n, ==, 2);
	token_store_remove("https://a:1");
	token_store_remove("https://b:1");
	g_autofree char *none_ca = NULL;
	g_assert_null(token_store_load("https://a:1", &none_ca));
}

/* --- printing --- */

static void test_output(void)
{
	if (g_test_subprocess()) {
		g_assert_cmpint(command("qvmi thing print"), ==, 0);
		return;
	}
	g_test_trap_subprocess(NULL, 0, 0);
	g_test_trap_assert_passed();
	g_test_trap_assert_stdout("*NAME      DEEP  LIST  NONE\n"
	                          "a?[31m?b  yes   1, z  -\n"
	                          "\xc3\xa9         -     -     -\n*");
}

static void test_log_tail(void)
{
	g_autofree char *file = g_build_filename(g_get_tmp_dir(), "qvmi-tail-test", NULL);

	g_assert_true(file_store(file, "1\n2\x1b[m\n3\xff\n", 10, 0600, NULL));
	g_autofree char *tail = log_tail(file, 2);
	g_assert_cmpstr(tail, ==, "    2 [m\n    3\xef\xbf\xbd");
	g_unlink(file);
	g_autofree char *none = log_tail(file, 2);
	g_assert_cmpstr(none, ==, "");
}

int main(int argc, char **argv)
{
	g_autofree char *config = g_dir_make_tmp("qvmi-cli-XXXXXX", NULL);

	g_setenv("XDG_CONFIG_HOME", config, TRUE);
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/cli/parse", test_parse);
	g_test_add_func("/cli/refused", test_refused);
	g_test_add_func("/cli/tables", test_tables);
	g_test_add_func("/cli/unreachable", test_unreachable);
	g_test_add_func("/cli/secret", test_secret);
	g_test_add_func("/cli/token-store", test_token_store);
	g_test_add_func("/cli/output", test_output);
	g_test_add_func("/cli/log-tail", test_log_tail);
	int result = g_test_run();
	g_free(seen);
	g_autofree char *clear = g_strdup_printf("rm -r %s", config);
	g_spawn_command_line_sync(clear, NULL, NULL, NULL, NULL);
	return result;
}
