/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tokens of `qvmi login`, one file (0600) a server in the user's configuration folder. */
#pragma once

#include <glib.h>
#include <stdbool.h>

/* NULL when there is none. *ca_file: what the login trusted, may be NULL. Caller frees both. */
char *token_store_load(const char *server, char **ca_file);
bool token_store_save(const char *server, const char *token, const char *ca_file, GError **error);
void token_store_remove(const char *server);
