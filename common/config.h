/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One file a daemon (GKeyFile syntax), every key listed and typed in a table.
 *
 * An unknown group or key, or a value of the wrong type or range, is an error that names file and
 * line. Environment wins over file wins over default: group "listen", key "tls-port" of qvisord is
 * QVISORD_LISTEN_TLS_PORT. An empty value is as if it were not there. Secrets are given as files
 * ("...-file" keys), never as values.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "common/cleanup.h"

enum config_type {
	CONFIG_STRING, /* char *, owned by the config; NULL default allowed */
	CONFIG_PATH,   /* same, but made absolute relative to the file's folder; "~/" expanded */
	CONFIG_INT,    /* long within [min, max] */
	CONFIG_BOOL,   /* true|false */
};

struct config_key {
	const char *group;
	const char *key;
	enum config_type type;
	const char *fallback; /* as it would stand in the file; NULL: unset */
	long min, max;        /* CONFIG_INT only */
	const char *help;     /* one line, shown by --help-config */
};

struct config;

/* `file` may be NULL: environment and defaults only. `keys` ends with a key whose group is NULL and
 * outlives the config. `program` is upper-cased for the environment's prefix ('-' becomes '_'). */
struct config *config_load(
    const char *program, const struct config_key *keys, const char *file, GError **error);
void config_free(struct config *config);

/* Asking for a key that is not in the table is a programming error and aborts. */
const char *config_string(const struct config *config, const char *group, const char *key);
long config_int(const struct config *config, const char *group, const char *key);
bool config_bool(const struct config *config, const char *group, const char *key);

/* The table as a commented example file. Caller frees. */
char *config_describe(const struct config_key *keys);

DEFINE_CLEANUP(config);
