/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SQL for the daemons that own records. SQLite now (WAL, foreign keys on, busy time-out 5 s,
 * synchronous=FULL: what was acknowledged is on the disk); the interface is what a second back end
 * (libpq) has to provide as well. One connection, one thread. Statements are SQL with ? parameters,
 * never pasted text, and stay prepared for the next time.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"

struct database;

/* `migrations` ends with NULL; number i takes the schema from version i to i+1, each in a
 * transaction. A database made by a newer program is refused. File mode 0600. */
struct database *database_open(const char *path, const char *const *migrations, GError **error);
void database_free(struct database *database);

/* Parameters by a format, one letter each: 's' const char * (NULL is SQL NULL), 'i' int64_t, 'b'
 * GBytes *. */
bool database_exec(
    struct database *database, GError **error, const char *sql, const char *format, ...);
int64_t database_changes(const struct database *database); /* rows changed by the last exec */

/* Rows. Values are borrowed until the next call on the same row set. */
struct rows;
struct rows *database_query(
    struct database *database, GError **error, const char *sql, const char *format, ...);
/* true: a row is there. false: end, or error set. */
bool rows_next(struct rows *rows, GError **error);
const char *rows_string(struct rows *rows, int column); /* NULL for SQL NULL */
int64_t rows_int(struct rows *rows, int column);
bool rows_is_null(struct rows *rows, int column);
GBytes *rows_bytes(struct rows *rows, int column); /* a copy the caller unrefs */
void rows_free(struct rows *rows);
/* A query's rows, each as `read` makes it, in a list that frees them. Both take over `rows`, and
 * pass on the failure of the query where it is NULL. */
GPtrArray *rows_list(struct rows *rows, void *(*read)(struct rows *rows),
    GDestroyNotify free_record, GError **error);
/* The first. Where there is none, QVMI_ERROR_NOT_FOUND in the words given. */
void *rows_first(struct rows *rows, void *(*read)(struct rows *rows), GError **error,
    const char *format, ...) G_GNUC_PRINTF(4, 5);

/* BEGIN IMMEDIATE; a leftover transaction is rolled back by database_rollback (no-op when none is
 * open). */
bool database_begin(struct database *database, GError **error);
bool database_commit(struct database *database, GError **error);
void database_rollback(struct database *database);

DEFINE_CLEANUP(database);
DEFINE_CLEANUP(rows);
