/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Principals and users, both ways; and the channel binding of a certificate. */
#include <glib/gstdio.h>
#include <string.h>

#include "broker/principal.h"
#include "broker/tls_binding.h"
#include "common/pki.h"

static const char *const trusted[] = {"PARTNER.ORG", NULL};
static const struct principal_rules rules = {.home = "EXAMPLE.COM", .trusted = trusted};

static void test_user(void)
{
	static const char *const pairs[][2] = {
	    {"alice@EXAMPLE.COM", "alice"},
	    {"a.b-c_9@EXAMPLE.COM", "a.b-c_9"},
	    {"alice@PARTNER.ORG", "alice@partner.org"},
	    /* A realm is another one in another case. */
	    {"alice@example.com", NULL},
	    {"alice@EVIL.ORG", NULL},
	    {"alice@EXAMPLE.COM@EVIL.ORG", NULL},
	    {"alice@EVIL.ORG@EXAMPLE.COM", NULL},
	    {"alice\\@EXAMPLE.COM@EXAMPLE.COM", NULL},
	    {"alice@partner.org@EXAMPLE.COM", NULL},
	    {"alice/admin@EXAMPLE.COM", NULL},
	    {"HTTP/host@EXAMPLE.COM", NULL},
	    {"WELLKNOWN/ANONYMOUS@WELLKNOWN:ANONYMOUS", NULL},
	    {"pc$@EXAMPLE.COM", NULL},
	    {"-alice@EXAMPLE.COM", NULL},
	    {"al ice@EXAMPLE.COM", NULL},
	    {"\xc3\xa9@EXAMPLE.COM", NULL},
	    {"alice", NULL},
	    {"@EXAMPLE.COM", NULL},
	    {"alice@", NULL},
	    {"", NULL},
	};
	for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autofree char *user = principal_user(&rules, pairs[i][0]);
		g_test_message("%s", pairs[i][0]);
		g_assert_cmpstr(user, ==, pairs[i][1]);
	}
	g_autofree char *name = g_strnfill(65, 'a');
	g_autofree char *principal = g_strconcat(name, "@EXAMPLE.COM", NULL);
	g_assert_null(principal_user(&rules, principal));
}

static void test_typed(void)
{
	static const char *const pairs[][2] = {
	    {"alice", "alice@EXAMPLE.COM"},
	    {"Alice", "Alice@EXAMPLE.COM"},
	    {"alice@example.com", "alice@EXAMPLE.COM"},
	    {"alice@partner.org", "alice@PARTNER.ORG"},
	    {"alice@evil.org", NULL},
	    {"alice/admin", NULL},
	    {"alice@example.com@evil.org", NULL},
	    {"alice\\", NULL},
	    {"*", NULL},
	    {"", NULL},
	};
	for (unsigned i = 0; i < G_N_ELEMENTS(pairs); i++) {
		g_autofree char *principal = principal_of_typed(&rules, pairs[i][0]);
		g_test_message("%s", pairs[i][0]);
		g_assert_cmpstr(principal, ==, pairs[i][1]);
	}
}

static void test_ignore_case(void)
{
	const struct principal_rules folding = {.home = "EXAMPLE.COM", .ignore_case = true};
	g_autofree char *typed = principal_of_typed(&folding, "Alice");
	g_assert_cmpstr(typed, ==, "alice@EXAMPLE.COM");
	g_autofree char *shown = principal_fold(&folding, "ALICE@EXAMPLE.COM");
	g_assert_cmpstr(shown, ==, "alice@EXAMPLE.COM");
	g_autofree char *as_it_is = principal_fold(&rules, "Alice@EXAMPLE.COM");
	g_assert_cmpstr(as_it_is, ==, "Alice@EXAMPLE.COM");
}

static void test_binding(void)
{
	GError *error = NULL;
	g_autofree char *folder = g_dir_make_tmp("qvmi-binding-XXXXXX", &error);
	const char *const hosts[] = {"localhost", NULL};
	g_assert_true(pki_ensure_authority(folder, &error));
	g_assert_true(pki_ensure_certificate(folder, "terminal", hosts, &error));
	g_autofree char *path = g_build_filename(folder, "terminal.pem", NULL);
	g_autoptr(GBytes) binding = tls_binding_of_file(path, &error);
	g_assert_no_error(error);
	gsize n;
	const char *bytes = g_bytes_get_data(binding, &n);
	g_assert_cmpuint(n, ==, strlen("tls-server-end-point:") + 32); /* signed with SHA-256 */
	g_assert_cmpint(strncmp(bytes, "tls-server-end-point:", 21), ==, 0);
	static const char *const files[] = {
	    "terminal.pem", "terminal.key", "ca.pem", "ca.key", NULL};
	for (unsigned i = 0; files[i]; i++) {
		g_autofree char *file = g_build_filename(folder, files[i], NULL);
		g_remove(file);
	}
	g_rmdir(folder);
	g_assert_null(tls_binding_of_file(path, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/principal/user", test_user);
	g_test_add_func("/principal/typed", test_typed);
	g_test_add_func("/principal/ignore-case", test_ignore_case);
	g_test_add_func("/principal/binding", test_binding);
	return g_test_run();
}
