/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of a command line, for cli.c and cli_connect.c. */
#pragma once

#include "console/cli.h"

#define CLI_MAX_OPTIONS 32
#define CLI_MAX_ARGUMENTS 16

struct cli {
	const struct cli_noun *noun;
	const struct cli_verb *verb;
	struct {
		const char *name, *value;
	} options[CLI_MAX_OPTIONS];
	unsigned n_options;
	const char *arguments[CLI_MAX_ARGUMENTS];
	unsigned n_arguments;
	GCancellable *cancellable;
	struct http_client *pool, *broker, *uaas;
};
