/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Filters of strangers' words: byte by byte, and read back by libldap itself. */
#include <ldap.h>
#include <string.h>

#include "broker/realm/ldap_filter.h"
#include "broker/realm/person.h"
#include "common/error.h"

static char *expand(const char *template, const struct ldap_filter_words *words)
{
	GError *error = NULL;
	GString *filter = g_string_new(NULL);
	g_assert_true(ldap_filter_append(filter, template, words, &error));
	g_assert_no_error(error);
	return g_string_free(filter, FALSE);
}

static void test_words(void)
{
	const struct ldap_filter_words words = {.user = "a1*", .principal = "a@R", .dn = "uid=a"};
	g_autofree char *all = expand("(&(uid=%u)(p=%p)(member=%d)(x=100%%))", &words);
	g_assert_cmpstr(all, ==, "(&(uid=a1\\2a)(p=a\\40R)(member=uid\\3da)(x=100%))");
}

static void test_injection(void)
{
	static const char *const strange[] = {"*", "a)(uid=*", "\\", "\\2a", "a\nb", "(", ")",
	    "&|!", "\xc3\xa9", "\xff\xfe", "%u", "%", ""};
	for (unsigned i = 0; i < G_N_ELEMENTS(strange); i++) {
		const struct ldap_filter_words words = {.user = strange[i]};
		g_autofree char *filter = expand("(uid=%u)", &words);
		g_assert_true(g_str_has_prefix(filter, "(uid="));
		for (const char *c = filter + 5; c[1]; c++)
			g_assert_true(g_ascii_isalnum(*c) || *c == '\\');
		/* One equality match of the very octets, as libldap encodes it (RFC 4511 4.5.1). */
		BerElement *ber = ber_alloc_t(LBER_USE_DER);
		struct berval attribute, value;
		ber_tag_t tag;
		g_assert_cmpint(ldap_put_vrFilter(ber, filter), ==, 0);
		struct berval *encoded = NULL;
		g_assert_cmpint(ber_flatten(ber, &encoded), ==, 0);
		ber_free(ber, 1);
		ber = ber_init(encoded);
		tag = ber_scanf(ber, "{{mm", &attribute, &value);
		g_assert_cmpint(tag, !=, LBER_ERROR);
		g_assert_cmpuint(value.bv_len, ==, strlen(strange[i]));
		g_assert_cmpmem(value.bv_val, value.bv_len, strange[i], strlen(strange[i]));
		ber_free(ber, 1);
		ber_bvfree(encoded);
	}
}

static void test_bad_template(void)
{
	static const char *const bad[] = {"(uid=%x)", "(uid=%", "(uid=%p)"};
	const struct ldap_filter_words words = {.user = "a"};
	for (unsigned i = 0; i < G_N_ELEMENTS(bad); i++) {
		g_autoptr(GError) error = NULL;
		g_autoptr(GString) filter = g_string_new(NULL);
		g_assert_false(ldap_filter_append(filter, bad[i], &words, &error));
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
	}
}

static void check_units(const char *dn, const char *expected)
{
	g_auto(GStrv) units = person_units(dn, "ou=People,dc=x");
	g_autofree char *joined = g_strjoinv("|", units);
	g_assert_cmpstr(joined, ==, expected);
}

static void test_units(void)
{
	check_units("uid=a,ou=People,dc=x", "");
	check_units("uid=a,OU=Sales,ou=People,dc=x", "Sales");
	check_units("uid=a,ou=Europe,ou=Sales,ou=People,dc=x", "Sales|Sales/Europe");
	check_units("uid=a,l=Rome,ou=Sales,ou=People,dc=x", "Sales");
	/* A name that would read as a path, a multi-valued RDN, and what is no DN. */
	check_units("uid=a,ou=Sales/Europe,ou=People,dc=x", "");
	check_units("uid=a,ou=A+cn=b,ou=People,dc=x", "");
	check_units("nonsense", "");
	check_units("", "");
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/ldap-filter/words", test_words);
	g_test_add_func("/ldap-filter/injection", test_injection);
	g_test_add_func("/ldap-filter/bad-template", test_bad_template);
	g_test_add_func("/ldap-filter/units", test_units);
	return g_test_run();
}
