/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks the UAAS (uaas/) who vouches for the people of an organisation. What it says, also that it
 * knows none of the name, is believed for `cache_s`; when it is away, what is older is not. Main
 * thread.
 */
#pragma once

#include <stdint.h>

#include "common/http_client.h"

#define UAAS_CLIENT_MAX_CACHED 4096 /* names; beyond, the cache begins anew */

/* Who vouches for an organisation. */
struct voucher {
	char *organisation; /* its domain */
	char *issuer, *client_id;
};
struct voucher *voucher_copy(const struct voucher *voucher);
void voucher_free(struct voucher *voucher);

struct uaas_client;
/* Copies the options. */
struct uaas_client *uaas_client_new(
    const struct http_client_options *options, int64_t cache_s, GError **error);
/* Questions under way end with QVMI_ERROR_CANCELLED. */
void uaas_client_free(struct uaas_client *client);

/* `voucher` NULL without error: it knows no such organisation. Both are borrowed. May run from
 * within the call. */
typedef void (*uaas_found_fn)(const struct voucher *voucher, const GError *error, void *data);
void uaas_client_find(struct uaas_client *client, const char *organisation, unsigned timeout_ms,
    uaas_found_fn done, void *data);

DEFINE_CLEANUP(voucher);
DEFINE_CLEANUP(uaas_client);
