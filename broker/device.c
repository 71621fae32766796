/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/device.h"

#include <string.h>

#include "broker/token.h"

char *device_issue(struct database *database, const char *user, int64_t now, GError **error)
{
	g_autofree char *text = token_text_new(error);
	g_autofree char *digest =
	    text ? g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1) : NULL;

	if (digest &&
	    database_exec(database, error,
	        "INSERT INTO devices (digest, user, used) VALUES (?, ?, ?)", "ssi", digest, user,
	        now) &&
	    database_exec(database, error,
	        "DELETE FROM devices WHERE user = ? AND digest NOT IN (SELECT digest FROM devices "
	        "WHERE user = ? ORDER BY used DESC, rowid DESC LIMIT ?)",
	        "ssi", user, user, (int64_t)DEVICE_MAX_A_USER))
		return g_steal_pointer(&text);
	return NULL;
}

char *device_find(
    struct database *database, const char *text, const char *user, int64_t now, GError **error)
{
	if (!text || strnlen(text, TOKEN_MAX_SIZE + 1) > TOKEN_MAX_SIZE)
		return NULL;
	GError *failure = NULL;
	g_autofree char *digest = g_compute_checksum_for_string(G_CHECKSUM_SHA256, text, -1);
	AUTO(rows)
	rows = database_query(database, error,
	    "SELECT 1 FROM devices WHERE digest = ? AND user = ? AND used > ?", "ssi", digest, user,
	    now - DEVICE_LIFETIME_S);
	bool known = rows && rows_next(rows, &failure);

	if (failure)
		g_propagate_error(error, failure);
	return known ? g_steal_pointer(&digest) : NULL;
}

bool device_touch(struct database *database, const char *digest, int64_t now, GError **error)
{
	return database_exec(
	    database, error, "UPDATE devices SET used = ? WHERE digest = ?", "is", now, digest);
}

bool device_forget_all(struct database *database, const char *user, GError **error)
{
	return database_exec(database, error, "DELETE FROM devices WHERE user = ?", "s", user);
}
