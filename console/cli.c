/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <errno.h>
#include <glib-unix.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "common/error.h"
#include "console/cli_private.h"

const struct cli_option cli_global_options[] = {
    {"format", "table|json", "How to print (default: table)"},
    {"server", "URL", "Talk to this daemon: unix:/PATH or https://HOST:PORT"},
    {"ca-file", "FILE", "Trust the certificate authority in FILE, and no other"},
    {"up", "FOLDER", "State folder of the `qvmi up` that is meant (or $QVMI_STATE)"},
    {"help", NULL, "Show help"},
    {0},
};

const char *cli_option(const struct cli *cli, const char *name)
{
	/* The last one wins: a script's own can be overruled by what it is called with. */
	for (unsigned i = cli->n_options; i > 0; i--)
		if (g_str_equal(cli->options[i - 1].name, name))
			return cli->options[i - 1].value;
	return NULL;
}

bool cli_option_int(const struct cli *cli, const char *name, long min, long max, long fallback,
    long *value, GError **error)
{
	const char *text = cli_option(cli, name);
	char *end;

	*value = fallback;
	if (!text)
		return true;
	errno = 0;
	*value = strtol(text, &end, 10);
	if (!errno && end != text && !*end && *value >= min && *value <= max)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "--%s wants a whole number within %ld and %ld, not \"%s\"", name, min, max, text);
	return false;
}

const char *cli_argument(const struct cli *cli, unsigned i)
{
	return i < cli->n_arguments ? cli->arguments[i] : NULL;
}

GCancellable *cli_cancellable(struct cli *cli)
{
	return cli->cancellable;
}

bool cli_wants_json(const struct cli *cli)
{
	return g_strcmp0(cli_option(cli, "format"), "json") == 0;
}

/* --- parsing --- */

static const struct cli_option *find_option(
    const struct cli_option *options, const char *name, size_t n)
{
	for (; options && options->name; options++)
		if (strlen(options->name) == n && memcmp(options->name, name, n) == 0)
			return options;
	return NULL;
}

/* "--name=value", "--name value" or "--flag"; moves *i over the value. */
static bool take_option(struct cli *cli, char **argv, int argc, int *i, GError **error)
{
	const char *text = argv[*i] + 2, *equals = strchr(text, '=');
	size_t n = equals ? (size_t)(equals - text) : strlen(text);
	const struct cli_option *option = find_option(cli_global_options, text, n);
	const char *value = equals ? equals + 1 : NULL;

	if (!option && cli->verb)
		option = find_option(cli->verb->options, text, n);
	if (!option) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_INVALID, "unknown option --%.*s", (int)n, text);
		return false;
	}
	if (option->argument && !value && *i + 1 < argc)
		value = argv[++*i];
	if (!option->argument != !value) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "--%s %s", option->name,
		    option->argument ? "wants a value" : "takes no value");
		return false;
	}
	if (cli->n_options == CLI_MAX_OPTIONS) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "too many options");
		return false;
	}
	cli->options[cli->n_options].name = option->name;
	cli->options[cli->n_options++].value = value ? value : "";
	return true;
}

/* What a noun does without a verb; NULL: nothing. */
static const struct cli_verb *nameless_verb(const struct cli_noun *noun)
{
	const struct cli_verb *verb = noun->verbs;

	while (verb->run && verb->name)
		verb++;
	return verb->run ? verb : NULL;
}

static bool find_noun(struct cli *cli, const char *name, GError **error)
{
	for (cli->noun = cli_nouns; cli->noun->name; cli->noun++)
		if (g_str_equal(cli->noun->name, name)) {
			cli->verb = nameless_verb(cli->noun);
			return true;
		}
	cli->noun = NULL;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "there is no \"%s\"; `qvmi help` lists what there is", name);
	return false;
}

static bool find_verb(struct cli *cli, const char *name, GError **error)
{
	g_autoptr(GString) known = g_string_new(NULL);

	for (cli->verb = cli->noun->verbs; cli->verb->run && cli->verb->name; cli->verb++) {
		if (g_str_equal(cli->verb->name, name))
			return true;
		g_string_append_printf(known, "%s%s", known->len ? ", " : "", cli->verb->name);
	}
	cli->verb = NULL;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "%s cannot \"%s\"; there is: %s",
	    cli->noun->name, name, known->str);
	return false;
}

static bool take_word(struct cli *cli, const char *word, GError **error)
{
	if (!cli->noun)
		return find_noun(cli, word, error);
	if (!cli->verb || (!cli->verb->name && cli->noun->verbs->name && !cli->n_arguments))
		return find_verb(cli, word, error);
	if (cli->n_arguments == CLI_MAX_ARGUMENTS || cli->n_arguments == cli->verb->max) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "unexpected \"%s\"", word);
		return false;
	}
	cli->arguments[cli->n_arguments++] = word;
	return true;
}

static bool check(const struct cli *cli, GError **error)
{
	const char *format = cli_option(cli, "format");

	if (format && !g_str_equal(format, "table") && !g_str_equal(format, "json")) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "--format is table or json, not \"%s\"", format);
		return false;
	}
	if (cli_option(cli, "help"))
		return true;
	if (!cli->noun || !cli->verb) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "what about %s?",
		    cli->noun ? cli->noun->name : "it");
		return false;
	}
	if (cli->n_arguments < cli->verb->min) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "usage: qvmi %s %s%s%s",
		    cli->noun->name, cli->verb->name ? cli->verb->name : "",
		    cli->verb->name ? " " : "", cli->verb->arguments);
		return false;
	}
	return true;
}

static bool parse(struct cli *cli, int argc, char **argv, GError **error)
{
	bool options = true;

	for (int i = 1; i < argc; i++) {
		if (options && g_str_equal(argv[i], "--"))
			options = false;
		else if (options && g_str_has_prefix(argv[i], "--")) {
			if (!take_option(cli, argv, argc, &i, error))
				return false;
		} else if (!take_word(cli, argv[i], error)) {
			return false;
		}
	}
	return check(cli, error);
}

/* --- running --- */

static gboolean on_interrupt(gpointer data)
{
	struct cli *cli = data;
	g_cancellable_cancel(cli->cancellable);
	return G_SOURCE_CONTINUE;
}

static void finish(struct cli *cli)
{
	http_client_free(cli->pool);
	http_client_free(cli->uaas);
	if (cli->broker != cli->pool)
		http_client_free(cli->broker);
	g_object_unref(cli->cancellable);
}

int cli_main(int argc, char **argv)
{
	struct cli cli = {.cancellable = g_cancellable_new()};
	g_autoptr(GError) error = NULL;
	bool done = false;

	umask(077);
	signal(SIGPIPE, SIG_IGN);
	if (argc == 1) {
		cli_print_help();
		finish(&cli);
		return 2;
	}
	if (parse(&cli, argc, argv, &error)) {
		guint interrupt = g_unix_signal_add(SIGINT, on_interrupt, &cli);
		guint terminate = g_unix_signal_add(SIGTERM, on_interrupt, &cli);
		if (!cli_option(&cli, "help"))
			done = cli.verb->run(&cli, &error);
		else if (cli.noun)
			done = cli_print_noun_help(cli.noun->name);
		else
			cli_print_help();
		g_source_remove(interrupt);
		g_source_remove(terminate);
	}
	finish(&cli);
	if (!error)
		return done || cli_option(&cli, "help") ? 0 : 1;
	fprintf(stderr, "qvmi: %s\n", error->message);
	return qvmi_error_exit_code(error);
}
