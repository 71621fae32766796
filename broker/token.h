/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bearer tokens (RFC 6750): 256 random bits as base64url. The record holds their SHA-256 only, so a
 * copy of the database signs nobody in. Main thread; time in seconds since the epoch.
 */
#pragma once

#include <stdint.h>

#include "common/cleanup.h"
#include "common/database.h"

#define TOKEN_MAX_SIZE 128  /* what is longer is not one of ours */
#define TOKEN_MAX_A_USER 64 /* beyond, the oldest ends: signing in can not fill the disk */

struct token {
	char *digest; /* hex SHA-256: the token's name in records and logs */
	char *user;
	bool admin; /* what the user is now, not what he was at sign-in */
	int64_t expires;
};
void token_free(struct token *token);

/* 256 random bits as text, for names that nobody guesses. NULL with error: there are none. Caller
 * frees. */
char *token_text_new(GError **error);
/* Records a new token and returns its text, which is given to the user once. Caller frees. */
char *token_issue(
    struct database *database, const char *user, int64_t now, int64_t lifetime_s, GError **error);
/* QVMI_ERROR_UNAUTHENTICATED: unknown, ended or expired; says to sign in. Caller frees. */
struct token *token_find(struct database *database, const char *text, int64_t now, GError **error);
bool token_end(struct database *database, const char *digest, GError **error);
bool token_end_all(struct database *database, const char *user, GError **error);
bool token_end_expired(struct database *database, int64_t now, GError **error);

DEFINE_CLEANUP(token);
