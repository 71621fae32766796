/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Answers on standard output: a table for people, the daemon's JSON for programs. */
#pragma once

#include <json-glib/json-glib.h>

#include "console/cli.h"

struct output_column {
	const char *title;  /* NULL ends a table */
	const char *member; /* "name", or "agent.ready" for one of an object inside */
};

/* The list `member` of the answer as a table, or the whole answer as JSON. */
void output_list(
    const struct cli *cli, JsonNode *node, const char *member, const struct output_column *columns);
/* One object: a line a member, or JSON. */
void output_object(const struct cli *cli, JsonNode *node, const struct output_column *columns);
/* "phone 1234 stopped", not printed for --format json, which gets the answer (may be NULL). */
void output_done(const struct cli *cli, JsonNode *node, const char *format, ...)
    G_GNUC_PRINTF(3, 4);
