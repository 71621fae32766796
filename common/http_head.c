/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From lws' tokens to a request. They are copied: lws forgets them with the transaction, and a held
 * request lives longer than its connection. */
#include "common/http_private.h"

#include <string.h>

static const struct {
	enum lws_token_indexes token;
	const char *method;
} methods[] = {
    {WSI_TOKEN_GET_URI, "GET"},
    {WSI_TOKEN_POST_URI, "POST"},
    {WSI_TOKEN_PUT_URI, "PUT"},
    {WSI_TOKEN_PATCH_URI, "PATCH"},
    {WSI_TOKEN_DELETE_URI, "DELETE"},
    {WSI_TOKEN_HEAD_URI, "HEAD"},
    {WSI_TOKEN_OPTIONS_URI, "OPTIONS"},
};

static const struct {
	const char *name;
	enum lws_token_indexes token; /* 0 (a method): by name */
} known_headers[] = {
    {"authorization", WSI_TOKEN_HTTP_AUTHORIZATION},
    {"cookie", WSI_TOKEN_HTTP_COOKIE},
    {"origin", WSI_TOKEN_ORIGIN},
    {"host", WSI_TOKEN_HOST},
    {"user-agent", WSI_TOKEN_HTTP_USER_AGENT},
    {"accept", WSI_TOKEN_HTTP_ACCEPT},
    {"if-none-match", WSI_TOKEN_HTTP_IF_NONE_MATCH},
    {"content-type", WSI_TOKEN_HTTP_CONTENT_TYPE},
    {"sec-websocket-protocol", WSI_TOKEN_PROTOCOL},
    {"idempotency-key", 0},
    {"sec-fetch-site", 0},
    {"x-qvmi-client", 0},
};

static char *copy_header(struct lws *wsi, enum lws_token_indexes token)
{
	int n = lws_hdr_total_length(wsi, token);
	if (n <= 0)
		return NULL;
	char *value = g_malloc0(n + 1);
	if (lws_hdr_copy(wsi, value, n + 1, token) < 0)
		g_clear_pointer(&value, g_free);
	return value;
}

static char *copy_custom_header(struct lws *wsi, const char *name)
{
	g_autofree char *with_colon = g_strconcat(name, ":", NULL);
	int n = lws_hdr_custom_length(wsi, with_colon, strlen(with_colon));
	if (n <= 0)
		return NULL;
	char *value = g_malloc0(n + 1);
	if (lws_hdr_custom_copy(wsi, value, n + 1, with_colon, strlen(with_colon)) < 0)
		g_clear_pointer(&value, g_free);
	return value;
}

static void copy_headers(struct http_request *request, struct lws *wsi)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(known_headers); i++) {
		const char *name = known_headers[i].name;
		char *value = known_headers[i].token ? copy_header(wsi, known_headers[i].token)
		                                     : copy_custom_header(wsi, name);
		if (value)
			g_hash_table_insert(request->headers, (char *)name, g_strstrip(value));
	}
}

/* lws has percent-decoded path and arguments. */
static void copy_query(struct http_request *request, struct lws *wsi)
{
	for (int i = 0;; i++) {
		int n = lws_hdr_fragment_length(wsi, WSI_TOKEN_HTTP_URI_ARGS, i);
		if (n <= 0)
			break;
		g_autofree char *text = g_malloc0(n + 1);
		if (lws_hdr_copy_fragment(wsi, text, n + 1, WSI_TOKEN_HTTP_URI_ARGS, i) < 0)
			break;
		char *equals = strchr(text, '=');
		if (!equals || !g_utf8_validate(text, -1, NULL))
			continue;
		g_hash_table_insert(
		    request->query, g_strndup(text, equals - text), g_strdup(equals + 1));
	}
}

bool http_head_read_length(struct http_request *request, struct lws *wsi)
{
	g_autofree char *text = copy_header(wsi, WSI_TOKEN_HTTP_CONTENT_LENGTH);
	guint64 length = 0;

	if (lws_hdr_total_length(wsi, WSI_TOKEN_HTTP_TRANSFER_ENCODING) > 0)
		return false;
	if (text && !g_ascii_string_to_unsigned(text, 10, 0, G_MAXINT64, &length, NULL))
		return false;
	request->content_length = length;
	/* Without a length there is no body (RFC 9112, section 6.3), but lws waits for one. */
	if (!text && (g_str_equal(request->method, "POST") || g_str_equal(request->method, "PUT") ||
	                 g_str_equal(request->method, "PATCH")))
		request->close_after = true;
	return true;
}

static const char *peer_name(struct http_connection *connection)
{
	X509 *certificate = NULL;
	char name[256] = "";

	if (connection->peer.kind == HTTP_PEER_MUTUAL_TLS && lws_get_ssl(connection->wsi))
		certificate = SSL_get1_peer_certificate(lws_get_ssl(connection->wsi));
	if (certificate)
		X509_NAME_get_text_by_NID(
		    X509_get_subject_name(certificate), NID_commonName, name, sizeof(name));
	X509_free(certificate);
	return *name ? g_strdup(name) : NULL;
}

struct http_request *http_head_read(struct http_connection *connection, struct lws *wsi)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(methods); i++) {
		g_autofree char *path = copy_header(wsi, methods[i].token);
		if (!path)
			continue;
		if (!connection->peer.name)
			connection->peer.name = peer_name(connection);
		struct http_request *request = http_request_new(connection, methods[i].method);
		request->path = g_steal_pointer(&path);
		copy_headers(request, wsi);
		copy_query(request, wsi);
		return request;
	}
	return NULL;
}
