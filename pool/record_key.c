/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/record_key.h"

#include <string.h>

#include "common/error.h"

bool request_key_check(const char *key, GError **error)
{
	size_t n = strlen(key);
	bool good = n > 0 && n <= REQUEST_KEY_MAX_LENGTH;

	for (size_t i = 0; good && i < n; i++)
		good = g_ascii_isgraph(key[i]);
	if (!good)
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "Idempotency-Key has to be 1 to %d printable ASCII characters without blanks",
		    REQUEST_KEY_MAX_LENGTH);
	return good;
}

char *request_key_find(struct database *db, const char *key, const char *digest, GError **error)
{
	AUTO(rows)
	rows = database_query(
	    db, error, "SELECT digest, subject FROM request_keys WHERE key = ?", "s", key);

	if (!rows || !rows_next(rows, error))
		return NULL;
	if (g_strcmp0(rows_string(rows, 0), digest) == 0)
		return g_strdup(rows_string(rows, 1));
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "this Idempotency-Key came with another request before; use a new one a request");
	return NULL;
}

bool request_key_insert(struct database *db, const char *key, const char *digest,
    const char *subject, int64_t now, GError **error)
{
	if (!key)
		return true;
	if (!database_exec(db, error,
	        "INSERT INTO request_keys (key, digest, subject, at) VALUES (?, ?, ?, ?)"
	        " ON CONFLICT DO NOTHING",
	        "sssi", key, digest, subject, now))
		return false;
	if (database_changes(db) == 1)
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
	    "another request with this Idempotency-Key was first");
	return false;
}

bool request_key_release(struct database *db, const char *subject, GError **error)
{
	return database_exec(db, error, "DELETE FROM request_keys WHERE subject = ?", "s", subject);
}

bool request_key_forget_before(struct database *db, int64_t time, GError **error)
{
	return database_exec(db, error, "DELETE FROM request_keys WHERE at < ?", "i", time);
}
