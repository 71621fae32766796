/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/proxy/sign_in_page.h"

#include <gio/gio.h>
#include <string.h>

#define RESOURCES "/org/qvmi/proxy/"

/* Generated. Called so that the linker takes the resources out of the archive. */
GResource *proxy_resources_get_resource(void);

static GBytes *asset(const char *name)
{
	g_autofree char *path = g_strconcat(RESOURCES, name, NULL);
	return g_resource_lookup_data(
	    proxy_resources_get_resource(), path, G_RESOURCE_LOOKUP_FLAGS_NONE, NULL);
}

/* "{name}" becomes the value, as text of HTML. */
static void fill(GString *page, const char *name, const char *value)
{
	g_autofree char *escaped = g_markup_escape_text(value ? value : "", -1);
	g_string_replace(page, name, escaped, 0);
}

/* Browsers hold all of a form's redirects against form-action: the relying party, and from there
 * the loopback address where a native client waits (RFC 8252 section 7.3). */
static char *policy_for(const struct authorization *authorization)
{
	g_autoptr(GUri) uri = g_uri_parse(authorization->redirect_uri, G_URI_FLAGS_NONE, NULL);
	int port = uri ? g_uri_get_port(uri) : -1;
	g_autofree char *suffix = port > 0 ? g_strdup_printf(":%d", port) : g_strdup("");
	return g_strdup_printf(
	    "default-src 'none'; style-src 'self'; base-uri 'none'; "
	    "frame-ancestors 'none'; form-action 'self' https://%s%s http://127.0.0.1:*",
	    uri ? g_uri_get_host(uri) : "invalid", suffix);
}

void sign_in_page_send(struct http_request *request, unsigned status, const char *title,
    const struct authorization *authorization, const char *complaint)
{
	g_autoptr(GBytes) template = asset("sign_in.html");
	gsize n;
	const char *text = g_bytes_get_data(template, &n);
	GString *page = g_string_new_len(text, (gssize)n);
	g_autofree char *query = authorization_query(authorization);
	g_autofree char *policy = policy_for(authorization);
	fill(page, "{title}", title);
	fill(page, "{complaint}", complaint);
	fill(page, "{party}", relying_party_id(authorization->party));
	/* The stranger's words last: a "{...}" in them stays what it is. */
	g_autofree char *action = g_strconcat("/authorize?", query, NULL);
	fill(page, "{action}", action);
	fill(page, "{user}", authorization->login_hint);
	g_autoptr(GBytes) body = g_string_free_to_bytes(page);
	http_request_add_header(request, "content-security-policy", policy);
	http_request_add_header(request, "cache-control", "no-store");
	http_request_add_header(request, "referrer-policy", "no-referrer");
	http_request_add_header(request, "x-content-type-options", "nosniff");
	http_respond_bytes(request, status, "text/html; charset=utf-8", body);
}

void sign_in_page_style(struct http_request *request, void *data)
{
	(void)data;
	g_autoptr(GBytes) style = asset("style.css");
	http_request_add_header(request, "cache-control", "public, max-age=3600");
	http_respond_bytes(request, 200, "text/css", style);
}
