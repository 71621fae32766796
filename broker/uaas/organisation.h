/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which organisation is vouched for by which OpenID provider: the records of the UAAS. Main thread;
 * seconds since the epoch.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/database.h"

extern const char *const organisation_schema[];

struct organisation {
	char *domain;    /* oidc/organisation_name.h */
	char *issuer;    /* oidc/provider_metadata.h */
	char *client_id; /* what its provider calls the brokers that ask us */
	int64_t changed;
};
void organisation_free(struct organisation *organisation);

/* Adds, or replaces what is there under this domain. QVMI_ERROR_INVALID says what is wrong. */
bool organisation_put(
    struct database *database, const struct organisation *organisation, GError **error);
/* QVMI_ERROR_NOT_FOUND names it. Caller frees. */
struct organisation *organisation_find(
    struct database *database, const char *domain, GError **error);
bool organisation_remove(struct database *database, const char *domain, GError **error);
/* Up to `limit` whose domains come after `after` ("" for the first page), in order. Caller unrefs;
 * elements are struct organisation. */
GPtrArray *organisation_list(
    struct database *database, const char *after, unsigned limit, GError **error);

DEFINE_CLEANUP(organisation);
