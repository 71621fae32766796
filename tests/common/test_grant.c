/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <glib/gstdio.h>
#include <string.h>
#include <sys/stat.h>

#include "common/error.h"
#include "common/file.h"
#include "common/grant_ledger.h"

#define PHONE "0f8fad5b-d9cb-469f-a165-70867728950e"
#define SESSION "7c9e6679-7425-40de-944b-e07fc1f90ae7"
#define NOW 1000000

static char *folder, *private_file, *public_file;
static struct grant_key *private_key, *public_key;
static const char *token_key; /* of the next grant's terminal; NULL: none */

static char *token_for(const char *host, int64_t from, int64_t until, GError **error)
{
	struct grant grant = {.host = (char *)host,
	    .client_key = (char *)token_key,
	    .user = (char *)"ann",
	    .phone = (char *)PHONE,
	    .session = (char *)SESSION,
	    .role = (char *)"user",
	    .not_before = from,
	    .expires = until};
	char *token = grant_sign(private_key, &grant, error);
	g_free(grant.id);
	return token;
}

static void test_good(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *token = token_for("host-1", NOW, NOW + 30, &error);

	g_assert_no_error(error);
	AUTO(grant)
	grant = grant_verify(public_key, token, strlen(token), "host-1", NOW + 29, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(grant->user, ==, "ann");
	g_assert_cmpstr(grant->phone, ==, PHONE);
	g_assert_cmpuint(strlen(grant->id), ==, 22);
}

static void refused(const char *token, size_t n, const char *host, int64_t now, const char *why)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(grant_verify(public_key, token, n, host, now, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED);
	if (!strstr(error->message, why))
		g_error("\"%s\" does not say \"%s\"", error->message, why);
}

static void test_time_and_host(void)
{
	g_autofree char *token = token_for("host-1", NOW, NOW + 30, NULL);
	size_t n = strlen(token);

	refused(token, n, "host-1", NOW + 42, "has expired 12 s ago");
	refused(token, n, "host-1", NOW + 30, "has expired 0 s ago");
	refused(token, n, "host-1", NOW - 6, "not valid yet");
	refused(token, n, "host-2", NOW, "for another host");
	AUTO(grant) early = grant_verify(public_key, token, n, "host-1", NOW - 5, NULL);
	g_assert_nonnull(early);
}

static char *join(const char *header, const char *claims, const char *signature)
{
	g_autofree char *first = g_base64_encode((const guchar *)header, strlen(header));
	g_autofree char *second = g_base64_encode((const guchar *)claims, strlen(claims));
	char *token = g_strdup_printf("%s.%s.%s", first, second, signature);
	char *out = token;

	for (char *c = token; *c; c++)
		if (*c != '=')
			*out++ = *c == '+' ? '-' : *c == '/' ? '_' : *c;
	*out = 0;
	return token;
}

static void test_forged(void)
{
	static const char claims[] = "{\"iss\":\"qvmi-broker\",\"aud\":\"host-1\",\"sub\":\"eve\","
	                             "\"jti\":\"x\",\"nbf\":1000000,"
	                             "\"exp\":1000030,\"phone\":\"" PHONE
	                             "\",\"session\":\"" SESSION "\",\"role\":\"user\"}";
	g_autofree char *token = token_for("host-1", NOW, NOW + 30, NULL);
	const char *signature = strrchr(token, '.') + 1;
	g_autofree char *other = join("{\"alg\":\"EdDSA\"}", claims, signature);
	g_autofree char *none = join("{\"alg\":\"none\"}", claims, "");
	g_autofree char *hmac = join("{\"alg\":\"HS256\"}", claims, signature);

	refused(other, strlen(other), "host-1", NOW, "not signed");
	refused(none, strlen(none), "host-1", NOW, "not signed");
	refused(hmac, strlen(hmac), "host-1", NOW, "not signed");
	/* Every single flipped bit is noticed; so is every cut. */
	size_t n = strlen(token);
	for (size_t i = 0; i < n; i++) {
		g_autofree char *bad = g_strdup(token);
		bad[i] ^= 1;
		/* The last character's lowest bits are padding, and no part of the signature. */
		if (i < n - 1)
			refused(bad, n, "host-1", NOW, "grant");
		refused(token, i, "host-1", NOW, "grant");
	}
	g_autofree char *junk = g_strnfill(GRANT_MAX_SIZE + 1, '.');
	refused(junk, GRANT_MAX_SIZE + 1, "host-1", NOW, "not a token");
	refused(junk, GRANT_MAX_SIZE, "host-1", NOW, "grant");
	refused("", 0, "host-1", NOW, "not a token");
	refused("a.b.c\n", 6, "host-1", NOW, "not signed");
}

static void test_limits(void)
{
	g_autoptr(GError) error = NULL;

	g_assert_null(token_for("host-1", NOW, NOW + 61, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_clear_error(&error);
	g_autofree char *name = g_strnfill(3000, 'h');
	g_assert_null(token_for(name, NOW, NOW + 30, &error));
	g_assert_nonnull(error);
}

static void test_ledger(void)
{
	g_autoptr(GError) error = NULL;
	AUTO(grant_ledger) ledger = grant_ledger_new(2);
	struct grant a = {.id = (char *)"a", .expires = NOW + 10};
	struct grant b = {.id = (char *)"b", .expires = NOW + 20};
	struct grant c = {.id = (char *)"c", .expires = NOW + 30};

	g_assert_true(grant_ledger_use(ledger, &a, NOW, &error));
	g_assert_false(grant_ledger_use(ledger, &a, NOW, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED);
	g_assert_nonnull(strstr(error->message, "used already"));
	g_clear_error(&error);
	g_assert_true(grant_ledger_use(ledger, &b, NOW, &error));
	/* Full: it refuses rather than to forget one that is still good. */
	g_assert_false(grant_ledger_use(ledger, &c, NOW + 9, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_RATE_LIMITED);
	g_clear_error(&error);
	g_assert_true(grant_ledger_use(ledger, &c, NOW + 10, &error));
	g_assert_false(grant_ledger_use(ledger, &b, NOW + 10, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED);
}

static struct grant_ledger *open_ledger(const char *path, int64_t now)
{
	g_autoptr(GError) error = NULL;
	struct grant_ledger *ledger = grant_ledger_open(2, path, now, &error);
	g_assert_no_error(error);
	return ledger;
}

/* Also who is killed and started again knows what has been used. */
static void test_ledger_file(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *path = g_build_filename(folder, "used", NULL);
	struct grant a = {.id = (char *)"a", .expires = NOW + 10};
	struct grant b = {.id = (char *)"b", .expires = NOW + 20};
	struct grant_ledger *ledger = open_ledger(path, NOW);

	g_assert_true(grant_ledger_use(ledger, &a, NOW, &error));
	g_assert_true(grant_ledger_use(ledger, &b, NOW, &error));
	grant_ledger_free(ledger);
	ledger = open_ledger(path, NOW + 9);
	g_assert_false(grant_ledger_use(ledger, &a, NOW + 9, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED);
	g_clear_error(&error);
	grant_ledger_free(ledger);
	/* What has expired is not kept; the file does not grow without end. */
	ledger = open_ledger(path, NOW + 10);
	g_assert_false(grant_ledger_use(ledger, &b, NOW + 10, NULL));
	for (int i = 0; i < 50; i++) {
		g_autofree char *id = g_strdup_printf("c%d", i);
		struct grant c = {.id = id, .expires = NOW + 20 + i};
		g_assert_true(grant_ledger_use(ledger, &c, NOW + 19 + i, &error));
		g_assert_no_error(error);
	}
	grant_ledger_free(ledger);
	struct stat status;
	g_assert_cmpint(stat(path, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 0777, ==, 0600);
	g_assert_cmpint(status.st_size, <, 100);
	/* A line that a crash cut off. */
	g_assert_true(g_file_set_contents(path, "9999999 whole\n9999999 cu", -1, NULL));
	ledger = open_ledger(path, NOW);
	struct grant whole = {.id = (char *)"whole", .expires = NOW + 10};
	struct grant cut = {.id = (char *)"cu", .expires = NOW + 10};
	g_assert_false(grant_ledger_use(ledger, &whole, NOW, NULL));
	g_assert_true(grant_ledger_use(ledger, &cut, NOW, NULL));
	grant_ledger_free(ledger);
	g_unlink(path);
}

/* What cannot be written down is not used. */
static void test_ledger_full_disk(void)
{
	g_autoptr(GError) error = NULL;
	g_assert_null(grant_ledger_open(2, "/proc/nothing", NOW, &error));
	g_assert_nonnull(error);
}

/* The new key is told ahead, the old one is accepted until it is taken out. */
static void test_rotation(void)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *next_private = g_build_filename(folder, "k2", NULL);
	g_autofree char *next_public = g_build_filename(folder, "p2", NULL);
	g_autofree char *both_file = g_build_filename(folder, "both", NULL);
	g_autofree char *first = NULL, *second = NULL;
	g_assert_true(grant_key_generate(next_private, next_public, &error));
	g_file_get_contents(public_file, &first, NULL, NULL);
	g_file_get_contents(next_public, &second, NULL, NULL);
	g_autofree char *text = g_strconcat(first, second, NULL);
	g_file_set_contents(both_file, text, -1, NULL);
	AUTO(grant_key) both = grant_key_load(both_file, false, &error);
	g_assert_no_error(error);
	g_assert_cmpuint(grant_key_count(both), ==, 2);
	g_assert_cmpstr(grant_key_id(both, 0), ==, grant_key_id(private_key, 0));

	g_autofree char *old_token = token_for("host-1", NOW, NOW + 30, NULL);
	struct grant_key *kept = private_key;
	private_key = grant_key_load(next_private, true, &error);
	g_assert_no_error(error);
	g_autofree char *new_token = token_for("host-1", NOW, NOW + 30, NULL);
	g_assert_cmpstr(grant_key_id(both, 1), ==, grant_key_id(private_key, 0));
	grant_key_free(private_key);
	private_key = kept;
	AUTO(grant) by_old = grant_verify(both, old_token, strlen(old_token), "host-1", NOW, NULL);
	AUTO(grant) by_new = grant_verify(both, new_token, strlen(new_token), "host-1", NOW, NULL);
	g_assert_true(by_old && by_new);
	refused(new_token, strlen(new_token), "host-1", NOW, "not signed by this broker");
	/* More than a file may hold. */
	g_autofree char *many = g_strconcat(text, text, first, NULL);
	g_file_set_contents(both_file, many, -1, NULL);
	g_assert_null(grant_key_load(both_file, false, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_unlink(next_private);
	g_unlink(next_public);
	g_unlink(both_file);
}

/* A grant that names a key is worth nothing without it. */
static void test_client_key(void)
{
	g_autoptr(GError) error = NULL;
	AUTO(client_key) mine = client_key_new(&error);
	AUTO(client_key) other = client_key_new(&error);
	token_key = client_key_public(mine);
	g_autofree char *token = token_for("host-1", NOW, NOW + 30, &error);
	token_key = NULL;
	g_autofree char *plain = token_for("host-1", NOW, NOW + 30, &error);
	g_assert_no_error(error);
	g_autofree char *proof = client_key_sign(mine, CLIENT_KEY_GRANT, token, &error);
	g_autofree char *foreign = client_key_sign(other, CLIENT_KEY_GRANT, token, &error);
	g_autofree char *purpose = client_key_sign(mine, CLIENT_KEY_RESUME, token, &error);
	g_autofree char *shown = g_strconcat(token, "~", proof, NULL);
	AUTO(grant) grant = grant_verify(public_key, shown, strlen(shown), "host-1", NOW, &error);
	g_assert_no_error(error);
	g_assert_cmpstr(grant->client_key, ==, client_key_public(mine));
	refused(token, strlen(token), "host-1", NOW, "has to prove its key");
	const char *const wrong[] = {foreign, purpose, "", "x", "~", NULL};
	for (unsigned i = 0; wrong[i]; i++) {
		g_autofree char *stolen = g_strconcat(token, "~", wrong[i], NULL);
		refused(stolen, strlen(stolen), "host-1", NOW, "for another terminal");
	}
	g_autofree char *added = g_strconcat(plain, "~", proof, NULL);
	refused(added, strlen(added), "host-1", NOW, "names no key");
}

static void test_keys(void)
{
	g_autoptr(GError) error = NULL;
	struct stat status;

	g_assert_cmpint(stat(private_file, &status), ==, 0);
	g_assert_cmpuint(status.st_mode & 0777, ==, 0600);
	g_assert_null(grant_key_load(public_file, true, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	g_clear_error(&error);
	g_assert_null(grant_key_load("/nonexistent", false, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	folder = g_dir_make_tmp("qvmi-grant-XXXXXX", NULL);
	private_file = g_build_filename(folder, "k", NULL);
	public_file = g_build_filename(folder, "p", NULL);
	g_assert_true(grant_key_generate(private_file, public_file, NULL));
	private_key = grant_key_load(private_file, true, NULL);
	public_key = grant_key_load(public_file, false, NULL);
	g_test_add_func("/grant/good", test_good);
	g_test_add_func("/grant/time-and-host", test_time_and_host);
	g_test_add_func("/grant/forged", test_forged);
	g_test_add_func("/grant/limits", test_limits);
	g_test_add_func("/grant/ledger", test_ledger);
	g_test_add_func("/grant/ledger-file", test_ledger_file);
	g_test_add_func("/grant/ledger-full-disk", test_ledger_full_disk);
	g_test_add_func("/grant/rotation", test_rotation);
	g_test_add_func("/grant/client-key", test_client_key);
	g_test_add_func("/grant/keys", test_keys);
	int result = g_test_run();
	grant_key_free(private_key);
	grant_key_free(public_key);
	g_unlink(private_file);
	g_unlink(public_file);
	g_rmdir(folder);
	g_free(private_file);
	g_free(public_file);
	g_free(folder);
	return result;
}
