/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the packet filter is told: the order of its rules is what holds. */
#include <string.h>

#include "common/error.h"
#include "qvisor/network_policy.h"
#include "qvisor/network_reach.h"

static const struct config_key keys[] = {
    {"network", "allow", CONFIG_STRING, NULL, 0, 0, ""},
    {"network", "deny", CONFIG_STRING, NULL, 0, 0, ""},
    {"network", "named", CONFIG_STRING, NULL, 0, 0, ""},
    {"network", "dns", CONFIG_STRING, NULL, 0, 0, ""},
    {NULL, NULL, CONFIG_STRING, NULL, 0, 0, NULL},
};

static struct network_policy *policy(
    bool internet, const char *allow, const char *deny, const char *dns, GError **error)
{
	g_setenv("TEST_NETWORK_ALLOW", allow, TRUE);
	g_setenv("TEST_NETWORK_DENY", deny, TRUE);
	g_setenv("TEST_NETWORK_DNS", dns, TRUE);
	AUTO(config) config = config_load("test", keys, NULL, error);
	return config ? network_policy_new(internet, config, error) : NULL;
}

static char *rules(bool internet, const char *allow, const char *deny)
{
	g_autoptr(GError) error = NULL;
	AUTO(network_policy) p = policy(internet, allow, deny, "10.9.8.7", &error);
	g_autoptr(GPtrArray) host = g_ptr_array_new();
	g_assert_no_error(error);
	g_ptr_array_add(host, (char *)"198.51.100.1");
	g_ptr_array_add(host, (char *)"2001:db8::1");
	return network_policy_rules(p, host);
}

/* Asserts that both are there, one before the other. */
static void assert_order(const char *text, const char *first, const char *second)
{
	const char *a = strstr(text, first), *b = strstr(text, second);
	g_assert_nonnull(a);
	g_assert_nonnull(b);
	g_assert_true(a < b);
}

static void test_order(void)
{
	g_autofree char *text = rules(true, "10.1.0.0/16, 2001:db8:5::/48", "203.0.113.0/24");
	assert_order(text, "delete table inet qvmi", "chain output");
	assert_order(
	    text, "fib daddr type != unicast drop", "ip daddr 10.9.8.7 udp dport 53 accept");
	assert_order(text, "ip daddr 10.9.8.7 tcp dport 53 accept", "ip daddr 198.51.100.1 drop");
	assert_order(text, "ip6 daddr 2001:db8::1 drop", "ip daddr 203.0.113.0/24 drop");
	assert_order(text, "ip daddr 203.0.113.0/24 drop", "ip daddr 10.1.0.0/16 accept");
	assert_order(text, "ip6 daddr 2001:db8:5::/48 accept", "ip daddr 10.0.0.0/8 drop");
	assert_order(text, "ip daddr 169.254.0.0/16 drop", "meta nfproto ipv4 accept");
	assert_order(text, "ip6 daddr 2002::/16 drop", "ip6 daddr 2000::/3 accept");
}

/* What is not said to be reachable is not. */
static void test_listed(void)
{
	g_autofree char *text = rules(false, "192.0.2.7", "");
	g_assert_nonnull(strstr(text, "ip daddr 192.0.2.7 accept"));
	g_assert_null(strstr(text, "meta nfproto ipv4 accept"));
	g_assert_null(strstr(text, "2000::/3"));
	g_assert_nonnull(strstr(text, "hook output priority 0; policy drop"));
}

/* What is written into the rules is an address and nothing else. */
static void test_wrong(void)
{
	static const char *const wrong[] = {"example.org", "10.0.0.0/33", "10.0.0.1/8",
	    "10.0.0.1;accept", "10.0.0.1\n accept", "1.2.3.4-5"};
	for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;
		g_assert_null(policy(true, wrong[i], "", "", &error));
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
		g_assert_nonnull(strstr(error->message, "network.allow"));
	}
	g_autoptr(GError) error = NULL;
	g_assert_null(policy(true, "", "", "resolver", &error));
	g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
}

static void test_reach(void)
{
	static const char *const wrong[] = {
	    "", "lab2", "none,lab", "office,", "OFFICE", "../office"};
	g_autoptr(GError) error = NULL;
	g_setenv(
	    "TEST_NETWORK_NAMED", "office: 10.1.0.0/16 10.2.0.0/16; lab: 2001:db8:7::/48", TRUE);
	AUTO(config) config = config_load("test", keys, NULL, &error);
	g_autoptr(GHashTable) names = network_reach_names(config, &error);
	g_assert_no_error(error);
	const GPtrArray *office = g_hash_table_lookup(names, "office");
	const GPtrArray *lab = g_hash_table_lookup(names, "lab");
	g_assert_cmpuint(office->len, ==, 2);
	g_assert_cmpstr(lab->pdata[0], ==, "2001:db8:7::/48");
	g_autofree char *both = network_reach_normalize("office, internet,office", names, &error);
	g_assert_cmpstr(both, ==, "internet,office");
	g_assert_true(network_reach_has(both, "office"));
	g_assert_false(network_reach_has(both, "off"));
	g_autofree char *none = network_reach_normalize("none", names, &error);
	g_assert_cmpstr(none, ==, "none");
	for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) refused = NULL;
		g_assert_null(network_reach_normalize(wrong[i], names, &refused));
		g_assert_error(refused, QVMI_ERROR, QVMI_ERROR_INVALID);
		g_assert_nonnull(strstr(refused->message, "internet, lab, office"));
	}
}

static void test_wrong_names(void)
{
	static const char *const wrong[] = {"office", "none: 10.0.0.0/8", "internet: 10.0.0.0/8",
	    "a: 10.0.0.0/8; a: 10.0.0.0/8", "Office: 10.0.0.0/8", "office: example.org"};
	for (unsigned i = 0; i < G_N_ELEMENTS(wrong); i++) {
		g_autoptr(GError) error = NULL;
		g_setenv("TEST_NETWORK_NAMED", wrong[i], TRUE);
		AUTO(config) config = config_load("test", keys, NULL, NULL);
		g_assert_null(network_reach_names(config, &error));
		g_assert_error(error, QVMI_ERROR, QVMI_ERROR_INVALID);
		g_assert_nonnull(strstr(error->message, "network.named"));
	}
	g_unsetenv("TEST_NETWORK_NAMED");
}

static void test_host(void)
{
	g_autoptr(GPtrArray) list = network_host_addresses();
	g_assert_true(g_ptr_array_find_with_equal_func(list, "127.0.0.1", g_str_equal, NULL));
}

int main(int argc, char **argv)
{
	g_test_init(&argc, &argv, NULL);
	g_test_add_func("/network-policy/order", test_order);
	g_test_add_func("/network-policy/listed", test_listed);
	g_test_add_func("/network-policy/wrong", test_wrong);
	g_test_add_func("/network-policy/reach", test_reach);
	g_test_add_func("/network-policy/wrong-names", test_wrong_names);
	g_test_add_func("/network-policy/host", test_host);
	return g_test_run();
}
