/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Passwords: from a file, from the terminal without echo, or from a standard input that is none.
 * Never from the command line, where everybody could read them. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* The first line. `file` may be NULL; `twice`: a person types it twice. Caller frees. */
char *secret_read(const char *file, const char *prompt, bool twice, GError **error);
void secret_free(char *secret); /* wipes it */
