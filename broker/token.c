/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/token.h"

#include <errno.h>
#include <string.h>
#include <sys/random.h>

#include "common/base64url.h"
#include "common/error.h"

#define RANDOM_SIZE 32

void token_free(struct token *token)
{
	if (!token)
		return;
	g_free(token->digest);
	g_free(token->user);
	g_free(token);
}

static char *token_digest(const char *text)
{
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
}

char *token_text_new(GError **error)
{
	unsigned char random[RANDOM_SIZE];
	if (getrandom(random, sizeof random, 0) != (ssize_t)sizeof random) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_FAILED, "getrandom: %s", g_strerror(errno));
		return NULL;
	}
	return base64url_encode(random, sizeof random);
}

char *token_issue(
    struct database *database, const char *user, int64_t now, int64_t lifetime_s, GError **error)
{
	g_autofree char *text = token_text_new(error);
	if (!text)
		return NULL;
	g_autofree char *digest = token_digest(text);
	if (!database_exec(database, error,
	        "INSERT INTO tokens (digest, user, created, expires) VALUES (?, ?, ?, ?)", "ssii",
	        digest, user, now, now + lifetime_s))
		return NULL;
	if (!database_exec(database, error,
	        "DELETE FROM tokens WHERE user = ? AND digest NOT IN "
	        "(SELECT digest FROM tokens WHERE user = ? ORDER BY created DESC, rowid DESC LIMIT "
	        "?)",
	        "ssi", user, user, (int64_t)TOKEN_MAX_A_USER))
		return NULL;
	return g_steal_pointer(&text);
}

struct token *token_find(struct database *database, const char *text, int64_t now, GError **error)
{
	size_t n = strnlen(text, TOKEN_MAX_SIZE + 1);
	g_autofree char *digest = n <= TOKEN_MAX_SIZE ? token_digest(text) : g_strdup("");
	AUTO(rows)
	rows = database_query(database, error,
	    "SELECT u.name, u.admin, t.expires FROM tokens t JOIN users u ON u.name = t.user "
	    "WHERE t.digest = ?",
	    "s", digest);
	if (!rows)
		return NULL;
	GError *failure = NULL;
	if (!rows_next(rows, &failure)) {
		if (failure)
			g_propagate_error(error, failure);
		else
			g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED,
			    "this sign-in has ended; sign in again");
		return NULL;
	}
	int64_t expires = rows_int(rows, 2);
	if (expires <= now) {
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED,
		    "this sign-in has expired; sign in again");
		return NULL;
	}
	struct token *token = g_new0(struct token, 1);
	token->digest = g_steal_pointer(&digest);
	token->user = g_strdup(rows_string(rows, 0));
	token->admin = rows_int(rows, 1) != 0;
	token->expires = expires;
	return token;
}

bool token_end(struct database *database, const char *digest, GError **error)
{
	return database_exec(database, error, "DELETE FROM tokens WHERE digest = ?", "s", digest);
}

bool token_end_all(struct database *database, const char *user, GError **error)
{
	return database_exec(database, error, "DELETE FROM tokens WHERE user = ?", "s", user);
}

bool token_end_expired(struct database *database, int64_t now, GError **error)
{
	return database_exec(database, error, "DELETE FROM tokens WHERE expires <= ?", "i", now);
}
