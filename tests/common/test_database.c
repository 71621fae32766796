/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>

#include "common/database.h"
#include "common/error.h"
#include "common/file.h"

static const char *const first[] = {
    "CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT UNIQUE, b BLOB)", NULL};
static const char *const second[] = {
    "CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT UNIQUE, b BLOB)",
    "CREATE TABLE c (a INTEGER NOT NULL REFERENCES a(id)); INSERT INTO a (t) VALUES ('x')", NULL};
static const char *const broken[] = {
    "CREATE TABLE a (id INTEGER PRIMARY KEY, t TEXT UNIQUE, b BLOB)",
    "CREATE TABLE c (a INTEGER); SELECT nonsense", NULL};

static char *folder, *path;

static void clear(void)
{
	static const char *const endings[] = {"", "-wal", "-shm"};
	for (unsigned i = 0; i < G_N_ELEMENTS(endings); i++) {
		g_autofree char *file = g_strconcat(path, endings[i], NULL);
		g_unlink(file);
	}
}

static void test_values(void)
{
	g_autoptr(GError) error = NULL;
	g_autoptr(GBytes) bytes = g_bytes_new_static("\0\1", 2);
	g_autoptr(GBytes) empty = g_bytes_new_static("", 0);
	struct stat status;

	AUTO(database) database = database_open(path, first, &error);
	g_assert_no_error(error);
	g_assert_cmpint(stat(path, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 0777, ==, 0600);
	g_assert_true(database_exec(database, &error, "INSERT INTO a (id, t, b) VALUES (?,?,?)",
	    "isb", (int64_t)1 << 40, "'; DROP TABLE a; --", bytes));
	g_assert_true(database_exec(database, &error, "INSERT INTO a (id, t, b) VALUES (?,?,?)",
	    "isb", (int64_t)2, NULL, empty));
	g_assert_cmpint(database_changes(database), ==, 1);

	AUTO(rows)
	rows = database_query(database, &error, "SELECT id, t, b FROM a ORDER BY id", "");
	g_assert_true(rows_next(rows, &error));
	g_assert_true(rows_is_null(rows, 1));
	g_assert_null(rows_string(rows, 1));
	g_assert_true(rows_next(rows, &error));
	g_assert_cmpint(rows_int(rows, 0), ==, (int64_t)1 << 40);
	g_assert_cmpstr(rows_string(rows, 1), ==, "'; DROP TABLE a; --");
	g_autoptr(GBytes) back = rows_bytes(rows, 2);
	g_assert_true(g_bytes_equal(back, bytes));
	g_assert_false(rows_next(rows, &error));
	g_assert_no_error(error);

	g_assert_false(
	    database_exec(database, &error, "INSERT INTO a (id) VALUES (?)", "i", (int64_t)2));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT);
	g_clear_error(&error);
	g_assert_false(database_exec(database, &error, "NONSENSE", ""));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_FAILED);
	clear();
}

static int64_t count(struct database *database)
{
	AUTO(rows) rows = database_query(database, NULL, "SELECT count(*) FROM a", "");
	return rows_next(rows, NULL) ? rows_int(rows, 0) : -1;
}

static void test_transaction(void)
{
	g_autoptr(GError) error = NULL;

	AUTO(database) database = database_open(path, second, &error);
	g_assert_no_error(error);
	database_rollback(database); /* none is open */
	g_assert_true(database_begin(database, &error));
	g_assert_true(database_exec(database, &error, "INSERT INTO a (t) VALUES ('y')", ""));
	database_rollback(database);
	g_assert_cmpint(count(database), ==, 1);
	g_assert_true(database_begin(database, &error));
	g_assert_true(database_exec(database, &error, "INSERT INTO a (t) VALUES ('y')", ""));
	g_assert_true(database_commit(database, &error));
	g_assert_cmpint(count(database), ==, 2);
	/* Foreign keys are on. */
	g_assert_false(database_exec(database, &error, "INSERT INTO c (a) VALUES (99)", ""));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT);
	clear();
}

static void test_migrations(void)
{
	g_autoptr(GError) error = NULL;

	database_free(database_open(path, first, &error));
	g_assert_no_error(error);
	/* One that fails leaves the schema as it was. */
	g_assert_null(database_open(path, broken, &error));
	g_assert_true(g_str_has_prefix(error->message, "schema 2:"));
	g_clear_error(&error);
	struct database *database = database_open(path, second, &error);
	g_assert_no_error(error);
	g_assert_cmpint(count(database), ==, 1);
	database_free(database);
	/* Made by a newer program. */
	g_assert_null(database_open(path, first, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT);
	g_assert_nonnull(strstr(error->message, "newer"));
	clear();
}

/* What another process finds as the last number. */
static int look(const char *file)
{
	AUTO(database) database = database_open(file, first, NULL);
	AUTO(rows) rows = database_query(database, NULL, "SELECT max(id) FROM a", "");
	return rows && rows_next(rows, NULL) ? (int)rows_int(rows, 0) : -1;
}

/* Somebody else opens the database and closes it again, as the sqlite3 program does to look into a
 * daemon's records: the log stays ours, and what we write afterwards is seen. */
static void test_another_process_looks(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *log = g_strconcat(path, "-wal", NULL);
	char *argv[] = {(char *)"/proc/self/exe", (char *)"--look", path, NULL};
	AUTO(database) database = database_open(path, first, &error);
	g_assert_no_error(error);
	for (int i = 1; i <= 3; i++) {
		g_assert_true(database_exec(
		    database, &error, "INSERT INTO a (id) VALUES (?)", "i", (int64_t)i));
		int status;
		g_assert_true(g_spawn_sync(
		    NULL, argv, NULL, G_SPAWN_DEFAULT, NULL, NULL, NULL, NULL, &status, &error));
		g_assert_true(WIFEXITED(status));
		g_assert_cmpint(WEXITSTATUS(status), ==, i);
		g_assert_true(g_file_test(log, G_FILE_TEST_EXISTS));
	}
	g_clear_pointer(&database, database_free);
	clear();
}

static void test_damaged(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *noise = g_malloc0(8192);

	memset(noise, 'x', 8192);
	g_assert_true(file_store(path, noise, 8192, 0600, NULL));
	g_assert_null(database_open(path, first, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT);
	g_clear_error(&error);
	clear();
	g_assert_null(database_open("/nonexistent/x", first, &error));
	g_assert_nonnull(strstr(error->message, "/nonexistent/x"));
}

int main(int argc, char **argv)
{
	if (argc == 3 && g_str_equal(argv[1], "--look"))
		return look(argv[2]);
	g_test_init(&argc, &argv, NULL);
	folder = g_dir_make_tmp("qvmi-database-XXXXXX", NULL);
	path = g_build_filename(folder, "d.sqlite", NULL);
	g_test_add_func("/database/values", test_values);
	g_test_add_func("/database/transaction", test_transaction);
	g_test_add_func("/database/migrations", test_migrations);
	g_test_add_func("/database/another-process-looks", test_another_process_looks);
	g_test_add_func("/database/damaged", test_damaged);
	int result = g_test_run();
	clear();
	g_rmdir(folder);
	g_free(path);
	g_free(folder);
	return result;
}
