/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accounts, tokens, packages and sessions on a database of their own. */
#include <glib/gstdio.h>
#include <string.h>

#include "broker/account.h"
#include "broker/package.h"
#include "broker/schema.h"
#include "broker/session.h"
#include "broker/token.h"
#include "common/error.h"

#define NOW 1800000000
#define INJECTION "x'); DROP TABLE users; --"

struct records {
	char *folder, *path;
	struct database *database;
};

static void setup(struct records *records, gconstpointer data)
{
	GError *error = NULL;
	(void)data;
	records->folder = g_dir_make_tmp("qvmi-records-XXXXXX", NULL);
	records->path = g_build_filename(records->folder, "broker.db", NULL);
	records->database = database_open(records->path, broker_schema, &error);
	g_assert_no_error(error);
	g_assert_true(account_add(records->database, "Alice", "hash-a", false, NOW, &error));
	g_assert_true(account_add(records->database, "root", "hash-r", true, NOW, &error));
	g_assert_no_error(error);
}

static void teardown(struct records *records, gconstpointer data)
{
	(void)data;
	database_free(records->database);
	g_autoptr(GDir) folder = g_dir_open(records->folder, 0, NULL);
	const char *name;
	while ((name = g_dir_read_name(folder))) {
		g_autofree char *path = g_build_filename(records->folder, name, NULL);
		g_remove(path);
	}
	g_rmdir(records->folder);
	g_free(records->folder);
	g_free(records->path);
}

static void test_account(struct records *records, gconstpointer data)
{
	struct database *db = records->database;
	g_autoptr(GError) error = NULL;
	(void)data;
	AUTO(account) account = account_find(db, "aLICE", &error);
	g_assert_no_error(error);
	g_assert_cmpstr(account->name, ==, "Alice");
	g_assert_false(account->admin);
	g_assert_false(account_add(db, "ALICE", "hash", true, NOW, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT);
	g_clear_error(&error);
	g_assert_null(account_find(db, "bob", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_false(account_set_password(db, "bob", "hash", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_false(account_remove(db, "bob", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_true(account_remove(db, "alice", &error));
	g_assert_null(account_find(db, "alice", NULL));
}

static void test_account_pages(struct records *records, gconstpointer data)
{
	g_autoptr(GPtrArray) first = account_list(records->database, "", 1, NULL);
	g_autoptr(GPtrArray) second = account_list(records->database, "Alice", 1, NULL);
	g_autoptr(GPtrArray) third = account_list(records->database, "root", 1, NULL);
	(void)data;
	g_assert_cmpuint(first->len, ==, 1);
	g_assert_cmpstr(((struct account *)first->pdata[0])->name, ==, "Alice");
	g_assert_cmpstr(((struct account *)second->pdata[0])->name, ==, "root");
	g_assert_cmpuint(third->len, ==, 0);
}

static void test_account_names(void)
{
	g_autofree char *long_one = g_strnfill(65, 'a');
	const char *const bad[] = {"", " ", "a b", "-x", ".x", "@x", INJECTION, "a/b", "a\nb", "ä",
	    "a%b", long_one, "a\"b", "<b>"};
	static const char *const good[] = {"a", "alice", "alice@EXAMPLE.ORG", "4-2_x.y"};
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_false(account_name_is_valid(bad[i], &error));
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	}
	for (unsigned i = 0; i < G_N_ELEMENTS(good); i++)
		g_assert_true(account_name_is_valid(good[i], NULL));
}

static void test_injection(struct records *records, gconstpointer data)
{
	struct database *db = records->database;
	(void)data;
	g_assert_null(account_find(db, INJECTION, NULL));
	g_assert_null(account_find(db, "' OR '1'='1", NULL));
	g_assert_null(token_find(db, "' OR '1'='1", NOW, NULL));
	g_assert_null(package_for_user(db, INJECTION, "' OR '1'='1", NULL));
	g_assert_null(session_find(db, INJECTION, NULL, NULL));
	/* Even a name that the checks before would refuse is text and nothing else. */
	g_assert_true(account_add(db, INJECTION, "h", false, NOW, NULL));
	AUTO(account) account = account_find(db, INJECTION, NULL);
	g_assert_cmpstr(account->name, ==, INJECTION);
	AUTO(account) alice = account_find(db, "alice", NULL);
	g_assert_nonnull(alice);
}

static void test_token(struct records *records, gconstpointer data)
{
	struct database *db = records->database;
	g_autoptr(GError) error = NULL;
	(void)data;
	g_autofree char *text = token_issue(db, "alice", NOW, 60, &error);
	g_autofree char *other = token_issue(db, "alice", NOW, 60, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(strlen(text), ==, 43); /* 256 bits */
	g_assert_cmpstr(text, !=, other);
	AUTO(token) token = token_find(db, text, NOW + 59, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(token->user, ==, "Alice");
	g_assert_cmpstr(token->digest, !=, text);
	g_assert_null(token_find(db, text, NOW + 60, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED);
	g_assert_nonnull(strstr(error->message, "expired"));
	g_clear_error(&error);
	/* The digest is no token. */
	g_assert_null(token_find(db, token->digest, NOW, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED);
	g_clear_error(&error);
	g_assert_true(token_end(db, token->digest, NULL));
	g_assert_null(token_find(db, text, NOW, NULL));
	AUTO(token) left = token_find(db, other, NOW, NULL);
	g_assert_nonnull(left);
	g_assert_true(token_end_expired(db, NOW + 60, NULL));
	g_assert_null(token_find(db, other, NOW, NULL));
}

/* The token's text is in no file of the database. */
static void test_token_is_not_stored(struct records *records, gconstpointer data)
{
	(void)data;
	g_autofree char *text = token_issue(records->database, "alice", NOW, 60, NULL);
	static const char *const endings[] = {"", "-wal", "-shm"};
	for (unsigned i = 0; i < G_N_ELEMENTS(endings); i++) {
		g_autofree char *path = g_strconcat(records->path, endings[i], NULL);
		g_autofree char *bytes = NULL;
		gsize n = 0;
		if (g_file_get_contents(path, &bytes, &n, NULL))
			g_assert_null(memmem(bytes, n, text, strlen(text)));
		else
			g_assert_cmpuint(i, >, 0);
	}
}

static void test_tokens_are_bounded(struct records *records, gconstpointer data)
{
	struct database *db = records->database;
	(void)data;
	g_autofree char *first = token_issue(db, "alice", NOW, 60, NULL);
	g_autofree char *bystander = token_issue(db, "root", NOW, 60, NULL);
	for (unsigned i = 0; i < TOKEN_MAX_A_USER - 1; i++)
		g_free(token_issue(db, "alice", NOW, 60, NULL));
	AUTO(token) still = token_find(db, first, NOW, NULL);
	g_assert_nonnull(still);
	g_free(token_issue(db, "alice", NOW, 60, NULL));
	g_assert_null(token_find(db, first, NOW, NULL));
	AUTO(token) other = token_find(db, bystander, NOW, NULL);
	g_assert_nonnull(other);
	g_assert_true(other->admin);
}

static struct package example(void)
{
	return (struct package){.id = (char *)"phone",
	    .name = (char *)"Phone",
	    .kind = (char *)"phone",
	    .pool = (char *)"phone",
	    .icon = (char *)PACKAGE_ICON_DEFAULT};
}

static void test_package(struct records *records, gconstpointer data)
{
	struct database *db = records->database;
	g_autoptr(GError) error = NULL;
	struct package package = example();
	bool added;
	(void)data;
	g_assert_true(package_put(db, &package, NOW, &added, &error));
	g_assert_true(added);
	package.name = (char *)"Diensttelefon ☎";
	g_assert_true(package_put(db, &package, NOW, &added, &error));
	g_assert_false(added);
	g_assert_null(package_for_user(db, "phone", "alice", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_DENIED);
	g_clear_error(&error);
	g_assert_true(package_grant(db, "phone", "ALICE", NOW, &error));
	g_assert_true(package_grant(db, "phone", "alice", NOW, &error));
	AUTO(package) mine = package_for_user(db, "phone", "alice", &error);
	g_assert_cmpstr(mine->name, ==, "Diensttelefon ☎");
	g_autoptr(GPtrArray) names = package_grantees(db, "phone", NULL);
	g_assert_cmpuint(names->len, ==, 1);
	g_assert_cmpstr(names->pdata[0], ==, "Alice");
	g_assert_false(package_grant(db, "phone", "nobody", NOW, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_false(package_grant(db, "nothing", "alice", NOW, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	g_clear_error(&error);
	g_assert_true(package_revoke(db, "phone", "alice", &error));
	g_assert_false(package_revoke(db, "phone", "alice", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	g_assert_true(package_grant(db, "phone", "alice", NOW, NULL));
	g_assert_true(account_remove(db, "alice", NULL));
	g_autoptr(GPtrArray) nobody = package_grantees(db, "phone", NULL);
	g_assert_cmpuint(nobody->len, ==, 0);
}

static void test_package_bounds(void)
{
	static const struct {
		const char *member, *value;
	} cases[] = {
	    {"id", "Phone"}, {"id", ""}, {"id", "../x"}, {"id", INJECTION}, {"name", ""},
	    {"name", "a\nb"}, {"kind", "tablet"}, {"pool", "a b"}, {"pool", "-x"},
	    {"icon", "https://evil.example/x.svg"}, {"icon", "/icons/../secret"},
	    {"icon", "/icons/.x"}, {"application", "org.gnome.Calculator"}, /* of kind phone */
	};
	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		g_autoptr(GError) error = NULL;
		struct package package = example();
		char **member = g_str_equal(cases[i].member, "id")     ? &package.id
		                : g_str_equal(cases[i].member, "name") ? &package.name
		                : g_str_equal(cases[i].member, "kind") ? &package.kind
		                : g_str_equal(cases[i].member, "pool") ? &package.pool
		                : g_str_equal(cases[i].member, "icon") ? &package.icon
		                                                       : &package.application;
		*member = (char *)cases[i].value;
		g_assert_false(package_is_valid(&package, &error));
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
		g_assert_nonnull(strstr(error->message, cases[i].member));
	}
	struct package application = example();
	application.kind = (char *)"application";
	g_assert_false(package_is_valid(&application, NULL));
	application.application = (char *)"org.gnome.Calculator";
	g_assert_true(package_is_valid(&application, NULL));
}

static char *begin(struct database *db, const char *user, const char *key, int64_t now)
{
	struct session *session = g_new0(struct session, 1);
	session->user = g_strdup(user);
	session->token = g_strdup("digest");
	session->package = g_strdup("phone");
	session->idempotency_key = g_strdup(key);
	char *id = session_begin(db, session, now, NULL) ? g_strdup(session->id) : NULL;
	session_free(session);
	return id;
}

static enum session_state state_of(struct database *db, const char *id)
{
	AUTO(session) session = session_find(db, id, NULL, NULL);
	g_assert_nonnull(session);
	return session->state;
}

static void test_session_life(struct records *records, gconstpointer data)
{
	struct database *db = records->database;
	g_autoptr(GError) error = NULL;
	(void)data;
	g_autofree char *id = begin(db, "alice", NULL, NOW);
	g_assert_cmpint(state_of(db, id), ==, SESSION_ALLOCATING);
	g_assert_true(session_open(
	    db, id, &(struct session_place){"lease", "phone-1", "host-1", "", 8444, 8445}, &error));
	g_assert_false(session_open(
	    db, id, &(struct session_place){"lease", "phone-2", "host-1", "", 8444, 8445}, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT);
	g_clear_error(&error);
	AUTO(session) mine = session_find(db, id, "ALICE", NULL);
	g_assert_cmpstr(mine->phone, ==, "phone-1");
	g_assert_null(session_find(db, id, "root", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	g_assert_true(session_end(db, id, SESSION_CLOSED, "closed", NOW + 5, NULL));
	g_assert_true(session_end(db, id, SESSION_FAILED, "late", NOW + 6, NULL));
	AUTO(session) ended = session_find(db, id, NULL, NULL);
	g_assert_cmpint(ended->state, ==, SESSION_CLOSED);
	g_assert_cmpstr(ended->reason, ==, "closed");
	g_assert_cmpint(ended->ended, ==, NOW + 5);
	g_assert_false(session_open(
	    db, id, &(struct session_place){"lease", "phone-1", "host-1", "", 8444, 8445}, NULL));
}

static void test_session_keys(struct records *records, gconstpointer data)
{
	struct database *db = records->database;
	(void)data;
	g_autofree char *one = begin(db, "alice", "key", NOW);
	g_assert_nonnull(one);
	g_assert_null(begin(db, "alice", "key", NOW));
	g_autofree char *other = begin(db, "root", "key", NOW);
	g_assert_nonnull(other);
	AUTO(session) same = session_find_by_key(db, "alice", "key", NULL);
	g_assert_cmpstr(same->id, ==, one);
	g_assert_null(session_find_by_key(db, "alice", "another", NULL));
}

static void test_sessions_are_bounded(struct records *records, gconstpointer data)
{
	struct database *db = records->database;
	(void)data;
	g_autofree char *first = begin(db, "alice", NULL, NOW);
	for (unsigned i = 0; i < SESSION_MAX_OPEN - 1; i++)
		g_free(begin(db, "alice", NULL, NOW + 1));
	g_assert_cmpint(state_of(db, first), ==, SESSION_ALLOCATING);
	g_free(begin(db, "alice", NULL, NOW + 2));
	g_assert_cmpint(state_of(db, first), ==, SESSION_CLOSED);
	g_autoptr(GPtrArray) live = session_list(db, "alice", true, 1000, NULL);
	g_assert_cmpuint(live->len, ==, SESSION_MAX_OPEN);
}

static void test_session_ends_with_its_token(struct records *records, gconstpointer data)
{
	struct database *db = records->database;
	(void)data;
	g_autofree char *text = token_issue(db, "alice", NOW, 60, NULL);
	AUTO(token) token = token_find(db, text, NOW, NULL);
	AUTO(session) session = g_new0(struct session, 1);
	session->user = g_strdup("alice");
	session->token = g_strdup(token->digest);
	session->package = g_strdup("phone");
	g_assert_true(session_begin(db, session, NOW, NULL));
	g_assert_true(session_close_orphans(db, NOW + 59, NULL));
	g_assert_cmpint(state_of(db, session->id), ==, SESSION_ALLOCATING);
	g_assert_true(session_close_orphans(db, NOW + 60, NULL));
	g_assert_cmpint(state_of(db, session->id), ==, SESSION_CLOSED);
	g_assert_true(session_forget_old(db, NOW + 60 + SESSION_KEPT_S, NULL));
	g_assert_cmpint(state_of(db, session->id), ==, SESSION_CLOSED);
	g_assert_true(session_forget_old(db, NOW + 61 + SESSION_KEPT_S, NULL));
	g_assert_null(session_find(db, session->id, NULL, NULL));
}

static void test_restart_fails_what_was_allocating(struct records *records, gconstpointer data)
{
	struct database *db = records->database;
	(void)data;
	g_autofree char *waiting = begin(db, "alice", NULL, NOW);
	g_autofree char *open = begin(db, "alice", NULL, NOW);
	g_assert_true(session_open(
	    db, open, &(struct session_place){"lease", "phone", "host", "", 8444, 8445}, NULL));
	g_assert_true(session_fail_allocating(db, NOW, NULL));
	g_assert_cmpint(state_of(db, waiting), ==, SESSION_FAILED);
	g_assert_cmpint(state_of(db, open), ==, SESSION_OPEN);
}

#define ADD(name, function)                                                                        \
	g_test_add("/records/" name, struct records, NULL, setup, function, teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	ADD("account", test_account);
	ADD("account-pages", test_account_pages);
	g_test_add_func("/records/account-names", test_account_names);
	ADD("injection", test_injection);
	ADD("token", test_token);
	ADD("token-is-not-stored", test_token_is_not_stored);
	ADD("tokens-are-bounded", test_tokens_are_bounded);
	ADD("package", test_package);
	g_test_add_func("/records/package-bounds", test_package_bounds);
	ADD("session-life", test_session_life);
	ADD("session-keys", test_session_keys);
	ADD("sessions-are-bounded", test_sessions_are_bounded);
	ADD("session-ends-with-its-token", test_session_ends_with_its_token);
	ADD("restart-fails-what-was-allocating", test_restart_fails_what_was_allocating);
	return g_test_run();
}
