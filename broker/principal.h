/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which user a Kerberos principal is (RFC 4120 section 6.2), and which principal a typed name.
 *
 * People of the home realm are users by their bare name, alice@EXAMPLE.COM is "alice". People of a
 * trusted realm keep theirs, alice@PARTNER.ORG is "alice@partner.org". All others are nobody: that
 * the KDCs trust each other makes no users here. Principals of several components (services, hosts,
 * alice/admin) are no people. Pure functions.
 */
#pragma once

#include <stdbool.h>

struct principal_rules {
	const char *home;           /* realm */
	const char *const *trusted; /* realms, NULL-terminated; NULL: none */
	bool ignore_case;           /* as Active Directory does: names are folded to lower case */
};

/* "alice", "alice@realm" in whatever case. NULL: nobody could have this name. Caller frees. */
char *principal_of_typed(const struct principal_rules *rules, const char *typed);
/* The principal as it is recorded: its name in lower case where the rules ignore case. Caller
 * frees.
 */
char *principal_fold(const struct principal_rules *rules, const char *principal);
/* `principal` as Kerberos displays it; NULL: no user. Caller frees. */
char *principal_user(const struct principal_rules *rules, const char *principal);
