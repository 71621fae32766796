/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line of mtp-client: one table gives parsing, help and limits. */
#pragma once

#include <glib.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "common/cleanup.h"

struct options {
	char *url; /* of the broker, https://HOST[:PORT], without a slash at the end */
	char *user;
	char *password_file;   /* NULL: ask at the terminal */
	char *code_file;       /* of a second factor; likewise */
	bool code_used;        /* what is in the file was sent once */
	gboolean kerberos;     /* neither name nor password: by the user's ticket */
	gboolean organisation; /* at the company in the user's name; by ticket with kerberos */
	char *ca_file;         /* NULL: the system's authorities */
	char *package;
	int rotate; /* degrees clockwise */
	gboolean fullscreen;
	gboolean headless;
	char *screen;                                     /* NULL: no size of the terminal's own */
	unsigned screen_width, screen_height, screen_dpi; /* what it says; dpi 0: not said */
	char *screenshot;                                 /* NULL: none */
	char *script;                                     /* NULL: none */
	char *stats_json;                                 /* NULL: none */
	gboolean version;
};

/* QVMI_ERROR_INVALID names the option and what it takes. `--help` prints and exits. */
struct options *options_parse(int argc, char **argv, GError **error);
void options_free(struct options *options);
/* Those of the options that say who signs in, for another program that does. */
void options_add_account(GOptionContext *context, struct options *options);

/* The password: first line of the file, or asked on /dev/tty without echo; NULL with --kerberos
 * or --organisation.
 * Caller clears it with options_forget(). */
bool options_password(const struct options *options, char **password, GError **error);
/* The code for a challenge: from the file, or asked on /dev/tty, with what there is to enrol;
 * `options` is a struct options (account_code_fn). */
char *options_code(JsonObject *challenge, void *options, GError **error);
/* Overwrites and frees; takes NULL. */
void options_forget(char *secret);

DEFINE_CLEANUP(options);
