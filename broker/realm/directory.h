/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection to the company's directory (LDAP, RFC 4511): TLS always (StartTLS with ldap://,
 * RFC 4513), then a bind as our service. The servers are tried in their order; what answered last
 * is tried first. Referrals are not followed: they would take our bind to servers that nobody
 * configured. Blocks, within the time given where libldap keeps it, else until this process is
 * ended.
 */
#pragma once

#include <glib.h>
#include <ldap.h>
#include <stdbool.h>

#include "broker/realm/options.h"
#include "common/cleanup.h"

struct directory;

/* Borrows the options. Not connected yet. */
struct directory *directory_new(const struct realm_options *options);
void directory_free(struct directory *directory);

/* What follows has to end by then (monotonic, us). */
void directory_set_end(struct directory *directory, gint64 end);

/* Called for each entry; false with error ends the search. */
typedef bool (*directory_entry_fn)(LDAP *ldap, LDAPMessage *entry, void *data, GError **error);
/* Searches the tree below `base`, connecting first where needed, page by page (RFC 2696), up to
 * `max` entries. QVMI_ERROR_UNAVAILABLE: no server answers. QVMI_ERROR_EXHAUSTED: there are more.
 */
bool directory_search(struct directory *directory, const char *base, const char *filter,
    const char *const *attributes, unsigned max, directory_entry_fn each, void *data,
    GError **error);

DEFINE_CLEANUP(directory);
