/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line `qvmi NOUN VERB`: tables of nouns and verbs, from which parsing, help and
 * completion come.
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "common/cleanup.h"
#include "common/http_client.h"

struct cli;

struct cli_option {
	const char *name;     /* without "--" */
	const char *argument; /* shown in help: "FILE"; NULL: a flag */
	const char *help;
};

struct cli_verb {
	const char *name;      /* NULL: the noun is a command by itself */
	const char *arguments; /* as shown in help: "NAME [TEXT]"; "" when there are none */
	unsigned min, max;     /* how many */
	const char *help;
	const struct cli_option *options; /* ends with a NULL name; NULL: none */
	bool (*run)(struct cli *cli, GError **error);
};

struct cli_noun {
	const char *name;
	const char *help;
	const struct cli_verb *verbs; /* ends with one whose `run` is NULL */
};

/* The table of all, ends with a NULL name. */
extern const struct cli_noun cli_nouns[];
/* Options that every command takes. */
extern const struct cli_option cli_global_options[];

/* Parses, runs, prints errors. Returns the exit code. */
int cli_main(int argc, char **argv);

/* --- for the verbs --- */

/* NULL when not given; "" for a flag that is. */
const char *cli_option(const struct cli *cli, const char *name);
/* A whole number within [min, max], or `fallback` when not given. */
bool cli_option_int(const struct cli *cli, const char *name, long min, long max, long fallback,
    long *value, GError **error);
/* Counted from 0; NULL beyond the last. */
const char *cli_argument(const struct cli *cli, unsigned i);
/* Is cancelled by Ctrl-C. */
GCancellable *cli_cancellable(struct cli *cli);
/* --format json? */
bool cli_wants_json(const struct cli *cli);

/* Connections, made at first use: to the running `qvmi up`'s sockets, or to --server. NULL on
 * error; owned by the cli. */
struct http_client *cli_pool(struct cli *cli, GError **error);
struct http_client *cli_broker(struct cli *cli, GError **error);
/* uaasd: at --server, or at its unit's socket. */
struct http_client *cli_uaas(struct cli *cli, GError **error);

/* --- cli_help.c --- */
void cli_print_help(void);
bool cli_print_noun_help(const char *noun);
void cli_print_completion(void);
