/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/network_policy.h"

#include <gio/gio.h>
#include <ifaddrs.h>
#include <netdb.h>
#include <string.h>

#include "common/error.h"

#define RESOLV_CONF "/etc/resolv.conf"

/* IANA's special-purpose registries (RFC 6890): what is not globally reachable, multicast, and the
 * IPv6 ranges that carry IPv4 addresses. */
static const char *const not_internet[] = {
    "0.0.0.0/8",
    "10.0.0.0/8",
    "100.64.0.0/10",
    "127.0.0.0/8",
    "169.254.0.0/16",
    "172.16.0.0/12",
    "192.0.0.0/24",
    "192.168.0.0/16",
    "198.18.0.0/15",
    "224.0.0.0/3",
    "2001::/32",
    "2002::/16",
};

static bool is_ipv6(const char *address)
{
	return strchr(address, ':');
}

GPtrArray *network_addresses_parse(const char *key, const char *text, GError **error)
{
	g_autoptr(GPtrArray) list = g_ptr_array_new_with_free_func(g_free);
	g_auto(GStrv) words = g_strsplit_set(text ? text : "", ", ", 0);
	for (char **word = words; *word; word++) {
		g_autoptr(GError) wrong = NULL;
		if (!**word)
			continue;
		g_autoptr(GInetAddressMask) mask =
		    g_inet_address_mask_new_from_string(*word, &wrong);
		if (!mask) {
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
			    "network.%s: \"%s\" is no address or network: %s", key, *word,
			    wrong->message);
			return NULL;
		}
		g_ptr_array_add(list, g_inet_address_mask_to_string(mask));
	}
	return g_steal_pointer(&list);
}

/* The first of the host's own resolvers that is not the host itself: nothing of the host is within
 * a phone's reach. */
static char *host_resolver(void)
{
	g_autofree char *text = NULL;
	if (!g_file_get_contents(RESOLV_CONF, &text, NULL, NULL))
		return NULL;
	g_auto(GStrv) lines = g_strsplit(text, "\n", 0);
	for (char **line = lines; *line; line++) {
		g_auto(GStrv) words = g_strsplit_set(*line, " \t", 0);
		g_autoptr(GInetAddress) address = g_strcmp0(words[0], "nameserver") || !words[1]
		                                      ? NULL
		                                      : g_inet_address_new_from_string(words[1]);
		if (address && !g_inet_address_get_is_loopback(address))
			return g_inet_address_to_string(address);
	}
	return NULL;
}

static bool parse_dns(struct network_policy *policy, const struct config *config, GError **error)
{
	const char *dns = config_string(config, "network", "dns");
	g_autoptr(GInetAddress) address = dns ? g_inet_address_new_from_string(dns) : NULL;
	if (dns && !address) {
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "network.dns: \"%s\" is no address", dns);
		return false;
	}
	policy->dns = address ? g_inet_address_to_string(address) : host_resolver();
	if (!policy->dns)
		g_warning(
		    "phones have no DNS: the host has no resolver but itself; set network.dns");
	return true;
}

struct network_policy *network_policy_new(
    bool internet, const struct config *config, GError **error)
{
	AUTO(network_policy) policy = g_new0(struct network_policy, 1);
	policy->internet = internet;
	const char *allow = config_string(config, "network", "allow");
	const char *deny = config_string(config, "network", "deny");
	if (!(policy->allow = network_addresses_parse("allow", allow, error)) ||
	    !(policy->deny = network_addresses_parse("deny", deny, error)) ||
	    !parse_dns(policy, config, error))
		return NULL;
	return g_steal_pointer(&policy);
}

void network_policy_free(struct network_policy *policy)
{
	if (!policy)
		return;
	g_clear_pointer(&policy->allow, g_ptr_array_unref);
	g_clear_pointer(&policy->deny, g_ptr_array_unref);
	g_free(policy->dns);
	g_free(policy);
}

static void add_rule(GString *rules, const char *address, const char *verdict)
{
	g_string_append_printf(
	    rules, "    %s daddr %s %s\n", is_ipv6(address) ? "ip6" : "ip", address, verdict);
}

static void add_rules(GString *rules, const GPtrArray *addresses, const char *verdict)
{
	for (unsigned i = 0; i < addresses->len; i++)
		add_rule(rules, addresses->pdata[i], verdict);
}

char *network_policy_rules(const struct network_policy *policy, const GPtrArray *host_addresses)
{
	/* A table is made, so that it can be deleted, and made anew: one transaction. */
	GString *rules = g_string_new("table inet qvmi\n"
	                              "delete table inet qvmi\n"
	                              "table inet qvmi {\n"
	                              "  chain input {\n"
	                              "    type filter hook input priority 0; policy drop;\n"
	                              "    icmpv6 type { nd-router-advert, nd-neighbor-solicit, "
	                              "nd-neighbor-advert } accept\n"
	                              "    ct state established,related accept\n"
	                              "  }\n"
	                              "  chain forward {\n"
	                              "    type filter hook forward priority 0; policy drop;\n"
	                              "  }\n"
	                              "  chain output {\n"
	                              "    type filter hook output priority 0; policy drop;\n"
	                              "    icmpv6 type { nd-router-solicit, nd-neighbor-solicit, "
	                              "nd-neighbor-advert } accept\n"
	                              "    fib daddr type != unicast drop\n");
	if (policy->dns) {
		add_rule(rules, policy->dns, "udp dport 53 accept");
		add_rule(rules, policy->dns, "tcp dport 53 accept");
	}
	add_rules(rules, host_addresses, "drop");
	add_rules(rules, policy->deny, "drop");
	add_rules(rules, policy->allow, "accept");
	for (unsigned i = 0; i < G_N_ELEMENTS(not_internet); i++)
		add_rule(rules, not_internet[i], "drop");
	if (policy->internet)
		g_string_append(
		    rules, "    meta nfproto ipv4 accept\n    ip6 daddr 2000::/3 accept\n");
	g_string_append(rules, "  }\n}\n");
	return g_string_free(rules, FALSE);
}

GPtrArray *network_host_addresses(void)
{
	GPtrArray *list = g_ptr_array_new_with_free_func(g_free);
	struct ifaddrs *all = NULL;
	if (getifaddrs(&all))
		return list;
	for (const struct ifaddrs *one = all; one; one = one->ifa_next) {
		char text[NI_MAXHOST];
		int family = one->ifa_addr ? one->ifa_addr->sa_family : AF_UNSPEC;
		socklen_t n =
		    family == AF_INET ? sizeof(struct sockaddr_in) : sizeof(struct sockaddr_in6);
		if ((family != AF_INET && family != AF_INET6) ||
		    getnameinfo(one->ifa_addr, n, text, sizeof(text), NULL, 0, NI_NUMERICHOST))
			continue;
		text[strcspn(text, "%")] = 0; /* a link-local one's interface */
		g_ptr_array_add(list, g_strdup(text));
	}
	freeifaddrs(all);
	return list;
}
