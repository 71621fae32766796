/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests that a browser makes, with a cookie that goes along by itself: whether they come from a
 * page of ours, and the cookie.
 *
 * A request that changes something must carry "X-QVMI-Client: browser", which a foreign page can
 * only send after a CORS preflight that we never grant; and Origin and Sec-Fetch-Site, where the
 * browser sends them, must name this very origin (OWASP CSRF Prevention Cheat Sheet).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/http_server.h"

enum browser_intent { BROWSER_READS, BROWSER_WRITES };

/* For requests of anybody, sign-in among them. *browser: it says it is one. QVMI_ERROR_DENIED when
 * a page made it that is not ours, or when a page of ours forgot the header. */
bool browser_check(
    struct http_request *request, enum browser_intent intent, bool *browser, GError **error);
/* For requests that are known by a cookie: the header is a must where something is changed. */
bool browser_check_cookie(struct http_request *request, enum browser_intent intent, GError **error);

/* The value of a cookie (RFC 6265 4.2.1), or NULL. Caller frees. */
char *browser_cookie(struct http_request *request, const char *name);
/* Adds it to the answer: for this host only, over TLS only, out of scripts' reach, and never sent
 * along from other sites' pages. `name` begins with "__Host-" (RFC 6265bis 4.1.3.2). `lifetime_s` 0
 * removes it. Cookies do not know ports: two daemons on one host need two names. */
void browser_set_cookie(
    struct http_request *request, const char *name, const char *value, int64_t lifetime_s);
