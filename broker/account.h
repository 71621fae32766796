/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * People, as this broker records them. Names are 1..64 of A-Z a-z 0-9 . _ @ -, beginning with a
 * letter or digit; two names that differ in case only are one. Main thread.
 */
#pragma once

#include <stdint.h>

#include "common/cleanup.h"
#include "common/database.h"

struct account {
	char *name;     /* as it was added, whatever case the sign-in used */
	char *password; /* PHC string; goes to password_worker and nowhere else; "" with Kerberos */
	char *principal; /* of Kerberos; NULL: a local account */
	char *issuer;    /* the provider that vouches for him; NULL: a person of our own */
	char *full_name, *manager; /* as the directory says; may be NULL */
	bool admin;
	int64_t created;
};
void account_free(struct account *account);

bool account_name_is_valid(const char *name, GError **error);

/* QVMI_ERROR_NOT_FOUND names the account. Caller frees. */
struct account *account_find(struct database *database, const char *name, GError **error);
/* QVMI_ERROR_CONFLICT when the name is taken. */
bool account_add(struct database *database, const char *name, const char *password, bool admin,
    int64_t now, GError **error);
bool account_set_password(
    struct database *database, const char *name, const char *password, GError **error);
/* Takes the account's tokens and package grants with it; its sessions' records stay. */
bool account_remove(struct database *database, const char *name, GError **error);

/* Up to `limit` accounts whose names come after `after` ("" for the first page), in order. Caller
 * unrefs; elements are struct account. */
GPtrArray *account_list(
    struct database *database, const char *after, unsigned limit, GError **error);

DEFINE_CLEANUP(account);
