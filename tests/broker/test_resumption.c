/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/resumption.h"

#include <glib/gstdio.h>
#include <string.h>

#define SESSION "7c9e6679-7425-40de-944b-e07fc1f90ae7"

static struct grant_key *make_key(const char *folder)
{
	g_autoptr(GError) error = NULL;
	g_autofree char *private_file = g_build_filename(folder, "key", NULL);
	g_autofree char *public_file = g_build_filename(folder, "pub", NULL);
	g_assert_true(grant_key_generate(private_file, public_file, &error));
	struct grant_key *key = grant_key_load(private_file, true, &error);
	g_assert_no_error(error);
	g_unlink(private_file);
	g_unlink(public_file);
	return key;
}

static void test_token(void)
{
	g_autofree char *folder = g_dir_make_tmp("qvmi-resumption-XXXXXX", NULL);
	AUTO(grant_key) key = make_key(folder);
	AUTO(grant_key) other = make_key(folder);
	struct resumption read;

	g_rmdir(folder);
	g_autofree char *token = resumption_token(key, SESSION, 0x80000001);
	g_autofree char *again = resumption_token(key, SESSION, 0x80000001);
	g_autofree char *next = resumption_token(key, SESSION, 0x80000002);
	g_assert_cmpuint(strlen(token), ==, RESUMPTION_SIZE);
	g_assert_cmpstr(token, ==, again);
	g_assert_cmpstr(token, !=, next);
	g_assert_true(resumption_read(token, &read));
	g_assert_cmpstr(read.session, ==, SESSION);
	g_assert_cmpuint(read.generation, ==, 0x80000001);
	g_assert_true(resumption_check(key, token));
	g_assert_false(resumption_check(other, token));
	/* Not a bit of it may differ: its last character has two that mean nothing. */
	for (unsigned i = 0; i < RESUMPTION_SIZE - 1; i++) {
		g_autofree char *forged = g_strdup(token);
		forged[i] = forged[i] == 'A' ? 'B' : 'A';
		g_assert_false(resumption_check(key, forged));
	}
}

static void test_malformed(void)
{
	g_autofree char *folder = g_dir_make_tmp("qvmi-resumption-XXXXXX", NULL);
	AUTO(grant_key) key = make_key(folder);
	g_autofree char *token = resumption_token(key, SESSION, 1);
	g_autofree char *longer = g_strconcat(token, "A", NULL);
	g_autofree char *blank = g_strdup(token);
	struct resumption read;

	g_rmdir(folder);
	blank[9] = ' ';
	const char *const wrong[] = {"", "A", token + 1, longer, blank, NULL};
	for (unsigned i = 0; wrong[i]; i++) {
		g_assert_false(resumption_read(wrong[i], &read));
		g_assert_false(resumption_check(key, wrong[i]));
	}
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/resumption/token", test_token);
	g_test_add_func("/resumption/malformed", test_malformed);
	return g_test_run();
}
