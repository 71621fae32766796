/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/question.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "common/error.h"

#define ANSWER_MAX 256

bool question_confirm(struct cli *cli, const char *what, const char *word, GError **error)
{
	char answer[ANSWER_MAX] = "";

	if (cli_option(cli, "yes"))
		return true;
	if (!isatty(STDIN_FILENO)) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "%s There is nobody to ask: say --yes", what);
		return false;
	}
	fprintf(stderr, "%s\nType \"%s\" to go on: ", what, word);
	fflush(stderr);
	if (fgets(answer, sizeof(answer), stdin))
		answer[strcspn(answer, "\r\n")] = 0;
	if (!strcmp(answer, word))
		return true;
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_CANCELLED, "nothing was done");
	return false;
}
