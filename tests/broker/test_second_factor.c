/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One-time passwords, sealed secrets, recovery codes, pending sign-ins and who needs them. */
#include <glib/gstdio.h>
#include <string.h>

#include "broker/account.h"
#include "broker/challenge.h"
#include "broker/device.h"
#include "broker/factor_policy.h"
#include "broker/qr_code.h"
#include "broker/schema.h"
#include "broker/second_factor.h"
#include "common/error.h"

#define NOW 1800000000

static const uint8_t secret[] = "12345678901234567890"; /* RFC 6238 appendix B */

struct records {
	char *folder;
	struct database *database;
	struct secret_key *key;
};

static char *path_of(const struct records *r, const char *name)
{
	return g_build_filename(r->folder, name, NULL);
}

static char *write_key(const struct records *r, const char *name, const char *bytes, int mode)
{
	char *path = path_of(r, name);
	g_assert_true(g_file_set_contents(path, bytes, -1, NULL));
	g_assert_cmpint(g_chmod(path, mode), ==, 0);
	return path;
}

static void setup(struct records *r, gconstpointer data)
{
	GError *error = NULL;
	(void)data;
	r->folder = g_dir_make_tmp("qvmi-factor-XXXXXX", NULL);
	g_autofree char *path = path_of(r, "broker.db");
	g_autofree char *key = write_key(r, "key", "0123456789abcdef0123456789abcdef", 0600);
	r->database = database_open(path, broker_schema, &error);
	g_assert_no_error(error);
	r->key = secret_key_load(key, &error);
	g_assert_no_error(error);
	g_assert_true(account_add(r->database, "Alice", "hash", false, NOW, &error));
	g_assert_true(account_add(r->database, "bob", "hash", true, NOW, &error));
}

static void teardown(struct records *r, gconstpointer data)
{
	(void)data;
	const char *name;
	database_free(r->database);
	secret_key_free(r->key);
	g_autoptr(GDir) folder = g_dir_open(r->folder, 0, NULL);
	while ((name = g_dir_read_name(folder))) {
		g_autofree char *path = path_of(r, name);
		g_remove(path);
	}
	g_rmdir(r->folder);
	g_free(r->folder);
}

/* --- RFC 6238 appendix B, RFC 4648 section 10 --- */

static void test_rfc(void)
{
	static const struct {
		int64_t time;
		uint32_t code; /* the last six of the eight digits there */
	} vectors[] = {{59, 287082}, {1111111109, 81804}, {1111111111, 50471}, {1234567890, 5924},
	    {2000000000, 279037}, {20000000000, 353130}};
	for (unsigned i = 0; i < G_N_ELEMENTS(vectors); i++)
		g_assert_cmpuint(
		    totp_code(secret, TOTP_SECRET_SIZE, (uint64_t)vectors[i].time / TOTP_STEP_S),
		    ==, vectors[i].code);
	static const struct {
		const char *plain, *text;
	} texts[] = {{"", ""}, {"f", "MY"}, {"fo", "MZXQ"}, {"foo", "MZXW6"}, {"foob", "MZXW6YQ"},
	    {"fooba", "MZXW6YTB"}, {"foobar", "MZXW6YTBOI"}};
	for (unsigned i = 0; i < G_N_ELEMENTS(texts); i++) {
		g_autofree char *text =
		    totp_base32((const uint8_t *)texts[i].plain, strlen(texts[i].plain));
		g_assert_cmpstr(text, ==, texts[i].text);
	}
}

static char *code_at(const uint8_t *of, int64_t time)
{
	return g_strdup_printf(
	    "%06u", totp_code(of, TOTP_SECRET_SIZE, (uint64_t)time / TOTP_STEP_S));
}

static void test_steps(void)
{
	uint64_t step = NOW / TOTP_STEP_S;
	for (int off = -3; off <= 3; off++) {
		g_autofree char *code = code_at(secret, NOW + off * TOTP_STEP_S);
		uint64_t found = totp_find_step(secret, TOTP_SECRET_SIZE, code, NOW, 0);
		g_assert_cmpuint(found, ==, ABS(off) <= TOTP_TOLERANCE ? step + off : 0);
		/* Used, or older than what was used. */
		found = totp_find_step(secret, TOTP_SECRET_SIZE, code, NOW, step + off);
		g_assert_cmpuint(found, ==, 0);
	}
	g_autofree char *code = code_at(secret, NOW);
	g_autofree char *apart = g_strdup_printf(" %.3s-%s ", code, code + 3);
	g_assert_cmpuint(totp_find_step(secret, TOTP_SECRET_SIZE, apart, NOW, 0), ==, step);
	g_autofree char *longer = g_strconcat(code, "0", NULL);
	const char *const bad[] = {"", "1", "12345", "-", "abcdef", "１２３４５６", longer};
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++)
		g_assert_cmpuint(totp_find_step(secret, TOTP_SECRET_SIZE, bad[i], NOW, 0), ==, 0);
}

static void test_uri(void)
{
	g_autofree char *uri = totp_uri("MZXW6YTB", "Phones & more", "alice@partner.org");
	g_assert_cmpstr(uri, ==,
	    "otpauth://totp/Phones%20%26%20more:alice%40partner.org?secret=MZXW6YTB&"
	    "issuer=Phones%20%26%20more&digits=6&period=30");
	g_autoptr(JsonArray) rows = qr_code_rows(uri, NULL);
	unsigned n = json_array_get_length(rows);
	g_assert_cmpuint((n - 17) % 4, ==, 0); /* ISO/IEC 18004: 17 and 4 for each version */
	/* The finder pattern's first row, in three corners. */
	for (unsigned i = 0; i < n; i++)
		g_assert_cmpuint(strlen(json_array_get_string_element(rows, i)), ==, n);
	g_assert_true(g_str_has_prefix(json_array_get_string_element(rows, 0), "11111110"));
	g_assert_true(g_str_has_suffix(json_array_get_string_element(rows, 0), "01111111"));
	g_assert_true(g_str_has_prefix(json_array_get_string_element(rows, n - 1), "11111110"));
	g_autofree char *endless = g_strnfill(10000, 'x');
	g_autoptr(GError) error = NULL;
	g_assert_null(qr_code_rows(endless, &error));
	g_assert_nonnull(error);
}

/* --- the key --- */

static void test_key(struct records *r, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	uint8_t opened[TOTP_SECRET_SIZE];
	g_autoptr(GBytes) sealed = secret_key_seal(r->key, "totp alice", secret, sizeof(opened));
	g_autoptr(GBytes) again = secret_key_seal(r->key, "totp alice", secret, sizeof(opened));
	g_assert_false(g_bytes_equal(sealed, again));
	g_assert_true(secret_key_open(r->key, "totp alice", sealed, opened, sizeof(opened), NULL));
	g_assert_cmpmem(opened, sizeof(opened), secret, sizeof(opened));
	/* Another row's, cut off, changed, or none. */
	g_assert_false(secret_key_open(r->key, "totp bob", sealed, opened, sizeof(opened), &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT);
	g_autoptr(GBytes) cut = g_bytes_new_from_bytes(sealed, 0, g_bytes_get_size(sealed) - 1);
	g_assert_false(secret_key_open(r->key, "totp alice", cut, opened, sizeof(opened), NULL));
	g_assert_false(secret_key_open(r->key, "totp alice", NULL, opened, sizeof(opened), NULL));
	for (gsize i = 0; i < g_bytes_get_size(sealed); i++) {
		gsize n;
		const void *whole = g_bytes_get_data(sealed, &n);
		g_autofree uint8_t *bytes = g_memdup2(whole, n);
		bytes[i] ^= 1;
		g_autoptr(GBytes) changed = g_bytes_new(bytes, n);
		g_assert_false(
		    secret_key_open(r->key, "totp alice", changed, opened, sizeof(opened), NULL));
	}
}

static void test_key_files(struct records *r, gconstpointer data)
{
	(void)data;
	g_autoptr(GError) error = NULL;
	g_autofree char *wide = write_key(r, "wide", "0123456789abcdef0123456789abcdef", 0640);
	g_autofree char *brief = write_key(r, "brief", "0123456789abcdef", 0600);
	g_autofree char *absent = path_of(r, "absent");
	g_assert_null(secret_key_load(wide, &error));
	g_assert_nonnull(strstr(error->message, "chmod 600"));
	g_clear_error(&error);
	g_assert_null(secret_key_load(brief, &error));
	g_assert_nonnull(strstr(error->message, "openssl rand"));
	g_clear_error(&error);
	g_assert_null(secret_key_load(absent, &error));
	g_assert_nonnull(strstr(error->message, absent));
}

/* --- records --- */

static enum second_factor_outcome check(
    const struct records *r, const char *user, const char *code, int64_t now)
{
	GError *error = NULL;
	enum second_factor_outcome outcome;
	g_assert_true(second_factor_check(r->database, r->key, user, code, now, &outcome, &error));
	g_assert_no_error(error);
	return outcome;
}

static char **enrol(const struct records *r, const char *user)
{
	GError *error = NULL;
	char **codes =
	    second_factor_enrol(r->database, r->key, user, secret, NOW / TOTP_STEP_S, NOW, &error);
	g_assert_no_error(error);
	return codes;
}

static void test_codes(struct records *r, gconstpointer data)
{
	(void)data;
	bool enrolled;
	g_assert_true(second_factor_is_enrolled(r->database, "alice", &enrolled, NULL));
	g_assert_false(enrolled);
	g_strfreev(enrol(r, "alice"));
	g_assert_true(second_factor_is_enrolled(r->database, "ALICE", &enrolled, NULL));
	g_assert_true(enrolled);
	/* The one that was shown when enrolling is used. */
	g_autofree char *first = code_at(secret, NOW), *second = code_at(secret, NOW + 30);
	g_assert_cmpint(check(r, "Alice", first, NOW), ==, FACTOR_REFUSED);
	g_assert_cmpint(check(r, "Alice", "000000", NOW), ==, FACTOR_REFUSED);
	g_assert_cmpint(check(r, "Alice", second, NOW), ==, FACTOR_SHOWN);
	g_assert_cmpint(check(r, "Alice", second, NOW), ==, FACTOR_REFUSED);
	g_assert_cmpint(check(r, "Alice", second, NOW + 60), ==, FACTOR_REFUSED);
	g_autoptr(GError) error = NULL;
	g_assert_null(second_factor_enrol(r->database, r->key, "alice", secret, 1, NOW, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CONFLICT);
}

static void test_recovery(struct records *r, gconstpointer data)
{
	(void)data;
	g_auto(GStrv) codes = enrol(r, "alice");
	g_auto(GStrv) others = enrol(r, "bob");
	g_assert_cmpuint(g_strv_length(codes), ==, RECOVERY_CODES);
	g_assert_cmpstr(codes[0], !=, codes[1]);
	g_assert_cmpuint(strlen(codes[0]), ==, 19);
	g_assert_cmpint(check(r, "alice", others[0], NOW), ==, FACTOR_REFUSED);
	g_autofree char *loud = g_ascii_strup(codes[0], -1);
	g_auto(GStrv) parts = g_strsplit(codes[1], "-", 0);
	g_autofree char *spaced = g_strjoinv(" ", parts);
	g_assert_cmpint(check(r, "alice", loud, NOW), ==, FACTOR_RECOVERED);
	g_assert_cmpint(check(r, "alice", codes[0], NOW), ==, FACTOR_REFUSED);
	g_assert_cmpint(check(r, "alice", spaced, NOW), ==, FACTOR_RECOVERED);
	g_assert_cmpint(
	    second_factor_codes_left(r->database, "alice", NULL), ==, RECOVERY_CODES - 2);
	/* A reset takes all of it. */
	g_assert_true(second_factor_forget(r->database, "alice", NULL));
	g_assert_cmpint(second_factor_codes_left(r->database, "alice", NULL), ==, 0);
	g_autoptr(GError) error = NULL;
	g_assert_false(second_factor_forget(r->database, "alice", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);
	g_assert_cmpint(check(r, "bob", others[0], NOW), ==, FACTOR_RECOVERED);
}

/* A copy of the database gives nothing away, and a lost key is not taken for a wrong code. */
static void test_at_rest(struct records *r, gconstpointer data)
{
	(void)data;
	g_auto(GStrv) codes = enrol(r, "alice");
	g_assert_true(database_exec(r->database, NULL, "PRAGMA wal_checkpoint(TRUNCATE)", ""));
	g_autofree char *path = path_of(r, "broker.db");
	g_autofree char *content = NULL;
	gsize n;
	g_assert_true(g_file_get_contents(path, &content, &n, NULL));
	g_autofree char *plain = totp_base32(secret, TOTP_SECRET_SIZE);
	g_assert_null(memmem(content, n, secret, TOTP_SECRET_SIZE));
	g_assert_null(memmem(content, n, plain, strlen(plain)));
	g_assert_null(memmem(content, n, codes[0], strlen(codes[0])));
	g_autofree char *file = write_key(r, "other", "fedcba9876543210fedcba9876543210", 0600);
	AUTO(secret_key) other = secret_key_load(file, NULL);
	enum second_factor_outcome outcome;
	g_autoptr(GError) error = NULL;
	g_assert_false(
	    second_factor_check(r->database, other, "alice", "123456", NOW, &outcome, &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT);
}

static void test_devices(struct records *r, gconstpointer data)
{
	(void)data;
	g_autofree char *text = device_issue(r->database, "alice", NOW, NULL);
	g_autofree char *known = device_find(r->database, text, "Alice", NOW, NULL);
	g_assert_nonnull(known);
	g_assert_cmpstr(known, !=, text);
	g_assert_null(device_find(r->database, text, "bob", NOW, NULL));
	g_assert_null(device_find(r->database, known, "alice", NOW, NULL));
	g_assert_null(device_find(r->database, NULL, "alice", NOW, NULL));
	g_assert_null(device_find(r->database, text, "alice", NOW + DEVICE_LIFETIME_S, NULL));
	g_assert_true(device_touch(r->database, known, NOW + 10, NULL));
	g_autofree char *still =
	    device_find(r->database, text, "alice", NOW + DEVICE_LIFETIME_S, NULL);
	g_assert_cmpstr(still, ==, known);
	/* So many are remembered; the one that was used the longest ago goes. */
	for (unsigned i = 0; i < DEVICE_MAX_A_USER; i++)
		g_free(device_issue(r->database, "alice", NOW + 20 + i, NULL));
	g_assert_null(device_find(r->database, text, "alice", NOW, NULL));
}

/* --- pending sign-ins --- */

static char *begin(struct challenges *challenges, const char *user, int64_t now)
{
	struct challenge *challenge = g_new0(struct challenge, 1);
	challenge->user = g_strdup(user);
	challenge->enrolling = true;
	return challenges_add(challenges, challenge, now, NULL);
}

static void test_challenges(void)
{
	AUTO(challenges) challenges = challenges_new();
	g_autofree char *first = begin(challenges, "alice", NOW);
	g_autofree char *other = begin(challenges, "bob", NOW + 1);
	struct challenge *challenge = challenges_find(challenges, first, NOW + 1);
	g_assert_cmpstr(challenge->user, ==, "alice");
	g_assert_cmpint(memcmp(challenge->secret,
	                    challenges_find(challenges, other, NOW + 1)->secret, TOTP_SECRET_SIZE),
	    !=, 0);
	g_assert_null(challenges_find(challenges, "", NOW));
	g_assert_null(challenges_find(challenges, challenge->digest, NOW));
	for (unsigned i = 0; i < CHALLENGE_TRIES; i++)
		challenges_count_wrong(challenges, challenges_find(challenges, first, NOW));
	g_assert_null(challenges_find(challenges, first, NOW));
	g_assert_nonnull(challenges_find(challenges, other, NOW + CHALLENGE_LIFETIME_S));
	g_assert_null(challenges_find(challenges, other, NOW + 1 + CHALLENGE_LIFETIME_S));
}

static void test_challenges_are_bounded(void)
{
	AUTO(challenges) challenges = challenges_new();
	g_autofree char *bob = begin(challenges, "bob", NOW);
	g_autofree char *first = begin(challenges, "alice", NOW);
	for (unsigned i = 0; i < CHALLENGE_MAX_A_USER; i++)
		g_free(begin(challenges, i % 2 ? "alice" : "ALICE", NOW));
	g_assert_null(challenges_find(challenges, first, NOW));
	g_assert_nonnull(challenges_find(challenges, bob, NOW));
	g_autofree char *last = begin(challenges, "alice", NOW);
	challenges_end_all(challenges, "Alice");
	g_assert_null(challenges_find(challenges, last, NOW));
	for (unsigned i = 0; i < CHALLENGE_MAX; i++) {
		g_autofree char *user = g_strdup_printf("user%u", i);
		g_free(begin(challenges, user, NOW));
	}
	g_assert_null(challenges_find(challenges, bob, NOW));
}

/* --- who needs one --- */

static void test_policy(struct records *r, gconstpointer data)
{
	(void)data;
	static const struct {
		const char *policy;
		bool alice, bob; /* bob is an administrator, alice is in a group */
	} cases[] = {{"nobody", false, false}, {"everybody", true, true},
	    {"administrators", false, true}, {"group:finance", true, false},
	    {"group:Finance,administrators", true, true},
	    {"group:sales, group:legal", false, false}};
	g_assert_true(database_exec(r->database, NULL,
	    "INSERT INTO memberships (user, kind, name) VALUES ('alice', 'group', 'finance'),"
	    "('bob', 'unit', 'finance')",
	    ""));
	AUTO(account) alice = account_find(r->database, "alice", NULL);
	AUTO(account) bob = account_find(r->database, "bob", NULL);
	for (unsigned i = 0; i < G_N_ELEMENTS(cases); i++) {
		AUTO(factor_policy) policy = factor_policy_parse(cases[i].policy, NULL);
		bool needs;
		g_assert_cmpint(factor_policy_is_nobody(policy), ==, i == 0);
		g_assert_true(factor_policy_needs(policy, r->database, alice, &needs, NULL));
		g_assert_cmpint(needs, ==, cases[i].alice);
		g_assert_true(factor_policy_needs(policy, r->database, bob, &needs, NULL));
		g_assert_cmpint(needs, ==, cases[i].bob);
	}
	static const char *const bad[] = {"some", "group:", "administrators,", "nobody,everybody"};
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(factor_policy_parse(bad[i], &error));
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	}
}

#define ADD(name, function)                                                                        \
	g_test_add("/second-factor/" name, struct records, NULL, setup, function, teardown)

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/second-factor/rfc", test_rfc);
	g_test_add_func("/second-factor/steps", test_steps);
	g_test_add_func("/second-factor/uri", test_uri);
	g_test_add_func("/second-factor/challenges", test_challenges);
	g_test_add_func("/second-factor/challenges-are-bounded", test_challenges_are_bounded);
	ADD("key", test_key);
	ADD("key-files", test_key_files);
	ADD("codes", test_codes);
	ADD("recovery", test_recovery);
	ADD("at-rest", test_at_rest);
	ADD("devices", test_devices);
	ADD("policy", test_policy);
	return g_test_run();
}
