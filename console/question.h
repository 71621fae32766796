/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Before what cannot be taken back. */
#pragma once

#include <stdbool.h>

#include "console/cli.h"

#define QUESTION_OPTION                                                                            \
	{                                                                                          \
		"yes", NULL, "Does not ask first"                                                  \
	}

/* Says what is about to happen and has the person at the terminal type `word`; --yes has answered
 * already. QVMI_ERROR_CANCELLED when something else is typed, _INVALID when nobody can be asked. */
bool question_confirm(struct cli *cli, const char *what, const char *word, GError **error);
