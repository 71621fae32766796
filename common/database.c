/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/database.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdarg.h>
#include <string.h>

#include "common/error.h"

#define BUSY_MS 5000
#define IDLE_MAX 128 /* statements that are kept prepared; a program has about as many */

struct database {
	sqlite3 *connection;
	char *path;
	GHashTable *idle; /* their SQL, which they own -> sqlite3_stmt, reset */
};

struct rows {
	struct database *database;
	sqlite3_stmt *statement;
};

static void fail(struct database *database, GError **error, const char *doing)
{
	int result = sqlite3_extended_errcode(database->connection);
	enum qvmi_error_code code = QVMI_ERROR_FAILED;

	switch (result & 0xff) {
	case SQLITE_CONSTRAINT:
		code = QVMI_ERROR_CONFLICT;
		break;
	case SQLITE_FULL:
	case SQLITE_NOMEM:
		code = QVMI_ERROR_EXHAUSTED;
		break;
	case SQLITE_CORRUPT:
	case SQLITE_NOTADB:
		code = QVMI_ERROR_CORRUPT;
		break;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		code = QVMI_ERROR_UNAVAILABLE;
		break;
	default:
		break;
	}
	g_set_error(error, QVMI_ERROR, code, "database %s: %s: %s", database->path, doing,
	    sqlite3_errmsg(database->connection));
}

static bool run(struct database *database, const char *sql, GError **error)
{
	if (sqlite3_exec(database->connection, sql, NULL, NULL, NULL) == SQLITE_OK)
		return true;
	fail(database, error, "cannot run a statement");
	return false;
}

static bool read_version(struct database *database, int64_t *version, GError **error)
{
	AUTO(rows) rows = database_query(database, error, "PRAGMA user_version", "");

	if (!rows || !rows_next(rows, error))
		return false;
	*version = rows_int(rows, 0);
	return true;
}

static bool migrate(struct database *database, const char *const *migrations, GError **error)
{
	int64_t version = 0, known = 0;

	while (migrations[known])
		known++;
	if (!read_version(database, &version, error))
		return false;
	if (version > known) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "database %s was made by a newer program (schema %" G_GINT64_FORMAT
		    ", this one knows %" G_GINT64_FORMAT "); install the newer version",
		    database->path, version, known);
		return false;
	}
	for (; version < known; version++) {
		g_autofree char *mark =
		    g_strdup_printf("PRAGMA user_version = %" G_GINT64_FORMAT, version + 1);
		if (!database_begin(database, error) ||
		    !run(database, migrations[version], error) || !run(database, mark, error) ||
		    !database_commit(database, error)) {
			database_rollback(database);
			g_prefix_error(error, "schema %" G_GINT64_FORMAT ": ", version + 1);
			return false;
		}
	}
	return true;
}

static void finalize(void *statement)
{
	sqlite3_finalize(statement);
}

struct database *database_open(const char *path, const char *const *migrations, GError **error)
{
	AUTO(database) database = g_new0(struct database, 1);

	database->path = g_strdup(path);
	database->idle = g_hash_table_new_full(g_str_hash, g_str_equal, NULL, finalize);
	/* Made here, so that it never was readable by others, whatever the umask. Closed before
	 * SQLite opens it: a close later would take away the locks that SQLite has on it in this
	 * process, and whoever then opens and closes it as well would delete the log that we write
	 * to (sqlite.org/howtocorrupt.html, 2.2). */
	int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_FAILED, "cannot open the database %s: %s",
		    path, g_strerror(errno));
		return NULL;
	}
	close(fd);
	if (sqlite3_open_v2(path, &database->connection, SQLITE_OPEN_READWRITE, NULL) !=
	    SQLITE_OK) {
		fail(database, error, "cannot open it");
		return NULL;
	}
	sqlite3_extended_result_codes(database->connection, 1);
	sqlite3_busy_timeout(database->connection, BUSY_MS);
	/* What is in the file must not run code or write outside of it (sqlite.org/security.html).
	 */
	sqlite3_db_config(database->connection, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
	sqlite3_db_config(database->connection, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, NULL);
	if (!run(database,
	        "PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON",
	        error) ||
	    !migrate(database, migrations, error))
		return NULL;
	return g_steal_pointer(&database);
}

void database_free(struct database *database)
{
	if (!database)
		return;
	g_clear_pointer(&database->idle, g_hash_table_destroy);
	sqlite3_close_v2(database->connection);
	g_free(database->path);
	g_free(database);
}

static bool bind(sqlite3_stmt *statement, const char *format, va_list arguments)
{
	int result = SQLITE_OK;

	if (sqlite3_bind_parameter_count(statement) != (int)strlen(format))
		g_error(
		    "\"%s\" and its parameters \"%s\" do not fit", sqlite3_sql(statement), format);
	for (int i = 1; *format && result == SQLITE_OK; format++, i++) {
		GBytes *bytes;
		gsize n;
		switch (*format) {
		case 's':
			result = sqlite3_bind_text(
			    statement, i, va_arg(arguments, const char *), -1, SQLITE_TRANSIENT);
			break;
		case 'i':
			result = sqlite3_bind_int64(statement, i, va_arg(arguments, int64_t));
			break;
		case 'b':
			bytes = va_arg(arguments, GBytes *);
			const void *data = bytes ? g_bytes_get_data(bytes, &n) : NULL;
			result = !bytes ? sqlite3_bind_null(statement, i)
			         : n == 0
			             ? sqlite3_bind_zeroblob(statement, i, 0)
			             : sqlite3_bind_blob64(statement, i, data, n, SQLITE_TRANSIENT);
			break;
		default:
			g_error("unknown parameter letter '%c'", *format);
		}
	}
	return result == SQLITE_OK;
}

static struct rows *prepare(struct database *database, const char *sql, const char *format,
    va_list arguments, GError **error)
{
	sqlite3_stmt *statement = NULL;

	if (!g_hash_table_steal_extended(database->idle, sql, NULL, (void **)&statement) &&
	    sqlite3_prepare_v2(database->connection, sql, -1, &statement, NULL) != SQLITE_OK) {
		fail(database, error, sql);
		return NULL;
	}
	if (!bind(statement, format, arguments)) {
		fail(database, error, sql);
		sqlite3_finalize(statement);
		return NULL;
	}
	struct rows *rows = g_new0(struct rows, 1);
	rows->database = database;
	rows->statement = statement;
	return rows;
}

struct rows *database_query(
    struct database *database, GError **error, const char *sql, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	struct rows *rows = prepare(database, sql, format, arguments, error);
	va_end(arguments);
	return rows;
}

bool database_exec(
    struct database *database, GError **error, const char *sql, const char *format, ...)
{
	g_autoptr(GError) local = NULL;
	va_list arguments;

	va_start(arguments, format);
	AUTO(rows) rows = prepare(database, sql, format, arguments, &local);
	va_end(arguments);
	while (rows && rows_next(rows, &local))
		;
	if (!local)
		return true;
	g_propagate_error(error, g_steal_pointer(&local));
	return false;
}

int64_t database_changes(const struct database *database)
{
	return sqlite3_changes64(database->connection);
}

bool rows_next(struct rows *rows, GError **error)
{
	int result = sqlite3_step(rows->statement);

	if (result == SQLITE_ROW)
		return true;
	if (result != SQLITE_DONE)
		fail(rows->database, error, sqlite3_sql(rows->statement));
	return false;
}

const char *rows_string(struct rows *rows, int column)
{
	return (const char *)sqlite3_column_text(rows->statement, column);
}

int64_t rows_int(struct rows *rows, int column)
{
	return sqlite3_column_int64(rows->statement, column);
}

bool rows_is_null(struct rows *rows, int column)
{
	return sqlite3_column_type(rows->statement, column) == SQLITE_NULL;
}

GBytes *rows_bytes(struct rows *rows, int column)
{
	const void *data = sqlite3_column_blob(rows->statement, column);
	return g_bytes_new(data, sqlite3_column_bytes(rows->statement, column));
}

void rows_free(struct rows *rows)
{
	if (!rows)
		return;
	GHashTable *idle = rows->database->idle;
	const char *sql = sqlite3_sql(rows->statement);

	sqlite3_reset(rows->statement);
	sqlite3_clear_bindings(rows->statement);
	if (g_hash_table_size(idle) < IDLE_MAX && !g_hash_table_contains(idle, sql))
		g_hash_table_insert(idle, (void *)(uintptr_t)sql, rows->statement);
	else
		sqlite3_finalize(rows->statement);
	g_free(rows);
}

GPtrArray *rows_list(struct rows *taken, void *(*read)(struct rows *rows),
    GDestroyNotify free_record, GError **error)
{
	AUTO(rows) rows = taken;
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(free_record);
	GError *failure = NULL;

	if (!rows)
		return NULL;
	while (rows_next(rows, &failure))
		g_ptr_array_add(list, read(rows));
	if (!failure)
		return g_steal_pointer(&list);
	g_propagate_error(error, failure);
	return NULL;
}

void *rows_first(
    struct rows *taken, void *(*read)(struct rows *rows), GError **error, const char *format, ...)
{
	AUTO(rows) rows = taken;
	GError *failure = NULL;
	va_list arguments;

	if (!rows)
		return NULL;
	if (rows_next(rows, &failure))
		return read(rows);
	if (!failure) {
		va_start(arguments, format);
		failure = g_error_new_valist(QVMI_ERROR, QVMI_ERROR_NOT_FOUND, format, arguments);
		va_end(arguments);
	}
	g_propagate_error(error, failure);
	return NULL;
}

bool database_begin(struct database *database, GError **error)
{
	return run(database, "BEGIN IMMEDIATE", error);
}

bool database_commit(struct database *database, GError **error)
{
	return run(database, "COMMIT", error);
}

void database_rollback(struct database *database)
{
	if (!sqlite3_get_autocommit(database->connection))
		run(database, "ROLLBACK", NULL);
}
