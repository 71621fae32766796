/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/oidc/provider_metadata.h"

#include <string.h>

#include "common/error.h"
#include "common/json.h"

#define HTTPS_PORT 443

void provider_metadata_free(struct provider_metadata *metadata)
{
	if (!metadata)
		return;
	g_free(metadata->authorization_endpoint);
	g_free(metadata->token_path);
	g_free(metadata->keys_path);
	g_free(metadata);
}

static GUri *parse(const char *url)
{
	GUri *uri = strlen(url) <= PROVIDER_METADATA_MAX_URL
	                ? g_uri_parse(url, G_URI_FLAGS_ENCODED | G_URI_FLAGS_SCHEME_NORMALIZE, NULL)
	                : NULL;
	if (uri && g_strcmp0(g_uri_get_scheme(uri), "https") == 0 && g_uri_get_host(uri) &&
	    *g_uri_get_host(uri) && !g_uri_get_userinfo(uri) && !g_uri_get_fragment(uri))
		return uri;
	g_clear_pointer(&uri, g_uri_unref);
	return NULL;
}

static char *origin_of(GUri *uri)
{
	const char *host = g_uri_get_host(uri);
	int port = g_uri_get_port(uri);
	bool bare_ipv6 = strchr(host, ':') != NULL;
	g_autofree char *folded = g_ascii_strdown(host, -1);
	return g_strdup_printf("https://%s%s%s:%d", bare_ipv6 ? "[" : "", folded,
	    bare_ipv6 ? "]" : "", port > 0 ? port : HTTPS_PORT);
}

char *provider_origin(const char *issuer, GError **error)
{
	g_autoptr(GUri) uri = parse(issuer);
	if (uri && !g_uri_get_query(uri))
		return origin_of(uri);
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "an issuer is an address like https://login.company.example, without user, query or "
	    "fragment");
	return NULL;
}

char *provider_metadata_path(const char *issuer)
{
	g_autoptr(GUri) uri = g_uri_parse(issuer, G_URI_FLAGS_ENCODED, NULL);
	g_autofree char *path = g_strdup(uri ? g_uri_get_path(uri) : "");
	if (g_str_has_suffix(path, "/"))
		path[strlen(path) - 1] = '\0';
	return g_strconcat(path, "/.well-known/openid-configuration", NULL);
}

/* An endpoint of the issuer's origin, or NULL. */
static GUri *endpoint(JsonObject *object, const char *member, const char *origin, GError **error)
{
	const char *url = json_get_string(object, member, PROVIDER_METADATA_MAX_URL, error);
	if (!url)
		return NULL;
	g_autoptr(GUri) uri = parse(url);
	g_autofree char *its = uri ? origin_of(uri) : NULL;
	if (g_strcmp0(its, origin) == 0)
		return g_steal_pointer(&uri);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "%s is not at %s", member, origin);
	return NULL;
}

static char *path_of(JsonObject *object, const char *member, const char *origin, GError **error)
{
	g_autoptr(GUri) uri = endpoint(object, member, origin, error);
	const char *query = uri ? g_uri_get_query(uri) : NULL;
	return uri ? g_strconcat(g_uri_get_path(uri), query ? "?" : "", query, NULL) : NULL;
}

struct provider_metadata *provider_metadata_read(
    JsonObject *object, const char *issuer, GError **error)
{
	g_autofree char *origin = provider_origin(issuer, error);
	const char *named =
	    origin ? json_get_string(object, "issuer", PROVIDER_METADATA_MAX_URL, error) : NULL;
	if (named && !g_str_equal(named, issuer))
		g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "the provider at %s is not %s",
		    origin, issuer);
	if (!named || !g_str_equal(named, issuer))
		return NULL;
	AUTO(provider_metadata) metadata = g_new0(struct provider_metadata, 1);
	g_autoptr(GUri) authorization = endpoint(object, "authorization_endpoint", origin, error);
	if (!authorization)
		return NULL;
	metadata->authorization_endpoint = g_uri_to_string(authorization);
	metadata->token_path = path_of(object, "token_endpoint", origin, error);
	metadata->keys_path =
	    metadata->token_path ? path_of(object, "jwks_uri", origin, error) : NULL;
	if (!metadata->keys_path ||
	    !json_get_optional_bool(object, "authorization_response_iss_parameter_supported", false,
	        &metadata->names_issuer, error))
		return NULL;
	return g_steal_pointer(&metadata);
}
