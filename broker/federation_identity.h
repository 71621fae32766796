/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * People of other companies in our records. Who somebody is, is (issuer, subject); the name here is
 * NAME@ORGANISATION, given at the first sign-in and kept. A name that is taken, by a local account,
 * a Kerberos principal or another subject, lets nobody in. Groups are ORGANISATION/GROUP: nobody
 * elsewhere can say that his people are in ours. They are never administrators. Main thread;
 * seconds since the epoch.
 */
#pragma once

#include "broker/oidc/id_token.h"
#include "broker/uaas_client.h"
#include "common/database.h"

#define FEDERATION_USERS_MAX 100000 /* of one organisation, in the records */

/* The user whom the token vouches for, new or known, with the groups it names; and `id` is used up,
 * in one transaction. QVMI_ERROR_UNAUTHENTICATED: the assertion has been used, or vouches for
 * somebody who cannot be told here. Caller frees. */
char *federation_identity_admit(struct database *database, const struct voucher *voucher,
    const struct id_token *token, const char *id, int64_t now, GError **error);
/* Forgets used assertions that have expired. */
bool federation_identity_sweep(struct database *database, int64_t now, GError **error);

/* Organisations (char *) whose people are signed in. Caller unrefs. */
GPtrArray *federation_identity_organisations(struct database *database, GError **error);
/* Ends tokens and sessions of an organisation's people whom `issuer` does not vouch for (NULL:
 * nobody does). */
bool federation_identity_end(struct database *database, const char *organisation,
    const char *issuer, int64_t now, GError **error);
