/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What an OpenID provider says of itself (OpenID Connect Discovery 1.0, section 3). Everything that
 * we call or send people to has to be of the issuer's own origin, by HTTPS: a provider cannot have
 * us knock at addresses of our own network. Pure.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "common/cleanup.h"

#define PROVIDER_METADATA_MAX_URL 1024

struct provider_metadata {
	char *authorization_endpoint;
	char *token_path, *keys_path; /* with query, at the issuer's origin */
	bool names_issuer;            /* in its answer at the authorization endpoint (RFC 9207) */
};
/* QVMI_ERROR_INVALID names what is wrong. Caller frees. */
struct provider_metadata *provider_metadata_read(
    JsonObject *object, const char *issuer, GError **error);
void provider_metadata_free(struct provider_metadata *metadata);

/* "https://host:port" of an issuer; NULL with QVMI_ERROR_INVALID when it is none: HTTPS, a host, no
 * user, query or fragment (section 3). Caller frees. */
char *provider_origin(const char *issuer, GError **error);
/* Where an issuer's metadata is (section 4.1), within its origin. Caller frees. */
char *provider_metadata_path(const char *issuer);

DEFINE_CLEANUP(provider_metadata);
