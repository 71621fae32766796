/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <string.h>

#include "broker/password.h"
#include "common/error.h"

static const struct password_cost cheap = {.memory_kib = 1024, .passes = 1};

static void test_round_trip(void)
{
	GError *error = NULL;
	g_autofree char *one = password_hash("zwölf Büchsen", &cheap, &error);
	g_assert_no_error(error);
	g_autofree char *two = password_hash("zwölf Büchsen", &cheap, &error);
	g_assert_true(g_str_has_prefix(one, "$argon2id$v=19$m=1024,t=1,p=1$"));
	g_assert_cmpstr(one, !=, two); /* each has its own salt */
	g_assert_null(strstr(one, "chsen"));
	g_assert_true(password_verify(one, "zwölf Büchsen", &error));
	g_assert_true(password_verify(two, "zwölf Büchsen", &error));
	g_assert_false(password_verify(one, "zwölf Büchsen ", &error));
	g_assert_false(password_verify(one, "Zwölf Büchsen", &error));
	g_assert_no_error(error);
}

/* Made by the reference program: echo -n password | argon2 somesalt -id -t 2 -m 16 -p 1 -e */
static void test_known_hash(void)
{
	GError *error = NULL;
	const char *known = "$argon2id$v=19$m=65536,t=2,p=1$c29tZXNhbHQ$"
	                    "CTFhFdXPJO1aFaMaO6Mm5c8y7cJHAph8ArZWb2GRPPc";
	g_assert_true(password_verify(known, "password", &error));
	g_assert_false(password_verify(known, "passwore", &error));
	g_assert_no_error(error);
}

static void test_corrupt_record(void)
{
	static const char *const records[] = {"", "x", "$argon2id$",
	    "$argon2i$v=19$m=8,t=1,p=1$aaaa$bbbb", "$argon2id$v=19$m=1024,t=1,p=1$!!!!$????"};
	for (unsigned i = 0; i < G_N_ELEMENTS(records); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_false(password_verify(records[i], "password", &error));
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_CORRUPT);
	}
}

static void test_policy(void)
{
	g_autofree char *long_one = g_strnfill(PASSWORD_MAX_BYTES + 1, 'a');
	static const char *const refused[] = {"", "seven77", "äöüßäöü", "administrator",
	    "ADMINISTRATOR", "12345678\xff", "\xc3\x28longenough"};
	for (unsigned i = 0; i < G_N_ELEMENTS(refused); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_false(password_acceptable(refused[i], "administrator", &error));
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	}
	g_assert_false(password_acceptable(long_one, "u", NULL));
	long_one[PASSWORD_MAX_BYTES] = '\0';
	g_assert_true(password_acceptable(long_one, "u", NULL));
	g_assert_true(password_acceptable("12345678", "u", NULL));
	g_assert_true(password_acceptable("äöüßäöüß", "u", NULL)); /* eight characters */
}

static void test_is_current(void)
{
	struct password_cost dearer = {.memory_kib = 2048, .passes = 1};
	g_autofree char *hash = password_hash("password", &cheap, NULL);
	g_assert_true(password_is_current(hash, &cheap));
	g_assert_false(password_is_current(hash, &dearer));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/password/round-trip", test_round_trip);
	g_test_add_func("/password/known-hash", test_known_hash);
	g_test_add_func("/password/corrupt-record", test_corrupt_record);
	g_test_add_func("/password/policy", test_policy);
	g_test_add_func("/password/is-current", test_is_current);
	return g_test_run();
}
