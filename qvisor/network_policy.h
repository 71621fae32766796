/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where phones may connect to, and the packet filter that says so.
 *
 * In this order, the first that fits: the resolver's port 53; never the host's own addresses nor
 * what is in `deny`; what is in `allow`; never what is not the Internet (private, link-local with
 * the clouds' metadata addresses, shared, reserved: RFC 6890, and all IPv6 but 2000::/3, RFC 4291);
 * the rest, when the policy is "internet". No phone reaches another, for all leave by the addresses
 * of the namespace, and those are never connected to.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "common/cleanup.h"
#include "common/config.h"

struct network_policy {
	bool internet;
	GPtrArray *allow, *deny; /* char *: "192.0.2.0/24", "2001:db8::1" */
	char *dns;               /* the phones' resolver; NULL: none */
};

/* Addresses and networks (char *) from the value of the key network.KEY, which an error names;
 * caller unrefs. QVMI_ERROR_INVALID. */
GPtrArray *network_addresses_parse(const char *key, const char *text, GError **error);

/* From the keys network.allow, network.deny, network.dns; `internet`: all but what is refused, else
 * only what is allowed. QVMI_ERROR_INVALID names what is no address. */
struct network_policy *network_policy_new(
    bool internet, const struct config *config, GError **error);
void network_policy_free(struct network_policy *policy);

/* A rule set for nft(8) that replaces the one before in one step. `host_addresses`: char *.
 * Caller frees. */
char *network_policy_rules(const struct network_policy *policy, const GPtrArray *host_addresses);
/* This machine's addresses, loopback among them. Caller unrefs. */
GPtrArray *network_host_addresses(void);

DEFINE_CLEANUP(network_policy);
