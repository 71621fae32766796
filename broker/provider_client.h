/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Talks to companies' OpenID providers (oidc/): what they say of themselves, the exchange of a code
 * for an assertion, their keys. A provider is a stranger: answers are bounded, everything ends by a
 * deadline, only the issuer's own origin is called. Metadata is believed for five minutes, keys for
 * one: so long does a key that was revoked go on. A key that is not known is asked for at once.
 * Main thread.
 */
#pragma once

#include <stdint.h>

#include "broker/oidc/id_token.h"
#include "broker/oidc/provider_metadata.h"
#include "broker/uaas_client.h"

#define PROVIDER_METADATA_S 300
#define PROVIDER_KEYS_S 60

struct provider_client;
/* `ca_file` NULL: the system's authorities. `secrets` NULL: no client secrets; else a folder with a
 * file an organisation. Both are copied. `clock`: seconds since the epoch. */
struct provider_client *provider_client_new(
    const char *ca_file, const char *secrets, int64_t (*clock)(void));
/* What is under way ends with QVMI_ERROR_CANCELLED. */
void provider_client_free(struct provider_client *client);

/* `deadline`: g_get_monotonic_time(). What is told is borrowed. Callbacks may run from within. */
typedef void (*provider_located_fn)(
    const struct provider_metadata *metadata, const GError *error, void *data);
void provider_client_locate(struct provider_client *client, const struct voucher *voucher,
    int64_t deadline, provider_located_fn done, void *data);

struct provider_exchange {
	const struct voucher *voucher;
	const char *code, *verifier, *redirect_uri, *nonce;
	int64_t deadline;
};
/* `token` is verified. QVMI_ERROR_UNAUTHENTICATED: the provider does not vouch, or not so that we
 * could believe it. `id` names this assertion among all of all providers. */
typedef void (*provider_vouched_fn)(
    const struct id_token *token, const char *id, const GError *error, void *data);
/* Copies. */
void provider_client_redeem(struct provider_client *client,
    const struct provider_exchange *exchange, provider_vouched_fn done, void *data);

DEFINE_CLEANUP(provider_client);
