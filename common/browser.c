/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "common/browser.h"

#include <string.h>

#include "common/error.h"

#define MAX_COOKIES 64

static bool denied(const char *why, GError **error)
{
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_DENIED, why);
	return false;
}

static bool same_origin(struct http_request *request, enum browser_intent intent, GError **error)
{
	static const char foreign[] =
	    "this request comes from another site's page; open this server's own page";
	const char *origin = http_request_header(request, "origin");
	const char *host = http_request_header(request, "host");
	g_autofree char *ours = g_strconcat("https://", host ? host : "", NULL);
	if (origin && g_ascii_strcasecmp(origin, ours) != 0)
		return denied(foreign, error);
	const char *site = http_request_header(request, "sec-fetch-site");
	/* "none" is the user himself: a bookmark, the address bar. */
	if (site && !g_str_equal(site, "same-origin") &&
	    !(intent == BROWSER_READS && g_str_equal(site, "none")))
		return denied(foreign, error);
	return true;
}

bool browser_check(
    struct http_request *request, enum browser_intent intent, bool *browser, GError **error)
{
	*browser = g_strcmp0(http_request_header(request, "x-qvmi-client"), "browser") == 0;
	bool page = http_request_header(request, "origin") ||
	            http_request_header(request, "sec-fetch-site");
	if (!*browser && page && intent == BROWSER_WRITES)
		return denied("a page has to send the header X-QVMI-Client: browser", error);
	return !*browser || same_origin(request, intent, error);
}

bool browser_check_cookie(struct http_request *request, enum browser_intent intent, GError **error)
{
	bool browser;
	if (!browser_check(request, intent, &browser, error) ||
	    !same_origin(request, intent, error))
		return false;
	if (!browser && intent == BROWSER_WRITES)
		return denied(
		    "with a cookie the header X-QVMI-Client: browser has to be sent", error);
	return true;
}

char *browser_cookie(struct http_request *request, const char *name)
{
	const char *cookies = http_request_header(request, "cookie");
	if (!cookies)
		return NULL;
	g_autofree char *prefix = g_strconcat(name, "=", NULL);
	g_auto(GStrv) pairs = g_strsplit(cookies, ";", MAX_COOKIES);
	for (char **pair = pairs; *pair; pair++) {
		const char *text = g_strstrip(*pair);
		if (g_str_has_prefix(text, prefix))
			return g_strdup(text + strlen(prefix));
	}
	return NULL;
}

void browser_set_cookie(
    struct http_request *request, const char *name, const char *value, int64_t lifetime_s)
{
	g_autofree char *cookie = g_strdup_printf("%s=%s; Path=/; Max-Age=%" G_GINT64_FORMAT
	                                          "; Secure; HttpOnly; SameSite=Strict",
	    name, value, lifetime_s);
	http_request_add_header(request, "set-cookie", cookie);
}
