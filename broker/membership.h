/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the company's directory said of its people, as recorded: who signs in with Kerberos, the
 * groups and units each is in. A user either has a password here or a principal, never both, and
 * neither turns into the other. Main thread; time in seconds since the epoch.
 */
#pragma once

#include <stdint.h>

#include "broker/realm/message.h"
#include "common/database.h"

/* Is this user of this principal known, and the record not older than `since`? */
bool membership_is_fresh(struct database *database, const char *user, const char *principal,
    int64_t since, bool *fresh, GError **error);
/* Records the person, new or known, in one transaction. `admin_group` NULL: nobody is an
 * administrator by a group. QVMI_ERROR_CONFLICT: the name is a local account's or another
 * principal's. */
bool membership_record(struct database *database, const char *user, const char *principal,
    const struct realm_answer *person, const char *admin_group, int64_t now, GError **error);
bool membership_is_in_group(
    struct database *database, const char *user, const char *group, bool *member, GError **error);
/* The principal of a user; NULL without error: none, or no such user. Caller frees. */
char *membership_principal(struct database *database, const char *user, GError **error);

/* Users (char *) who are signed in and whose record is older than `before`, the oldest first. */
GPtrArray *membership_list_due(
    struct database *database, int64_t before, unsigned limit, GError **error);
/* He is not in the directory any more: out of all groups; tokens and sessions end. */
bool membership_end(struct database *database, const char *user, int64_t now, GError **error);
/* Closes the sessions with packages that the user does not have any more. */
bool membership_close_sessions(
    struct database *database, const char *user, int64_t now, GError **error);
/* The names (char *) of his groups or units ("group", "unit"). Caller unrefs. */
GPtrArray *membership_list(
    struct database *database, const char *user, const char *kind, GError **error);
