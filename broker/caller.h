/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who asks, and whether he may.
 *
 * Three ways in: "Authorization: Bearer" (native clients; decides wherever it is given), the cookie
 * (browsers), and the admin socket, where the kernel names the peer and our own uid or root is the
 * operator. A cookie comes along by itself with whatever a foreign page sends, so with it a request
 * must also prove to come from a page of ours: the header X-QVMI-Client, which a foreign page can
 * only send after a CORS preflight that we never grant, and Origin and Sec-Fetch-Site where the
 * browser sends them (OWASP CSRF Prevention Cheat Sheet).
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/browser.h"
#include "common/cleanup.h"

/* The prefix binds the cookie to this host, Path=/ and Secure (RFC 6265bis 4.1.3.2). */
#define CALLER_COOKIE "__Host-qvmi"
/* The device's (device.h), which a browser keeps longer than a sign-in. */
#define CALLER_DEVICE_COOKIE "__Host-qvmi-device"

struct broker;
struct http_request;

struct caller {
	char *user;   /* NULL: the operator */
	char *token;  /* digest; NULL: the operator */
	bool admin;   /* the operator is one */
	bool browser; /* came by the cookie */
	int64_t expires;
};
void caller_free(struct caller *caller);
/* For the log: who did it. Borrowed. */
const char *caller_name(const struct caller *caller);

/* QVMI_ERROR_UNAUTHENTICATED: nobody we know; QVMI_ERROR_DENIED: a cookie with a request that our
 * page did not make. Caller frees. */
struct caller *caller_identify(struct broker *broker, struct http_request *request,
    enum browser_intent intent, GError **error);
/* Same, and QVMI_ERROR_DENIED when he is no administrator. */
struct caller *caller_identify_admin(struct broker *broker, struct http_request *request,
    enum browser_intent intent, GError **error);
/* Same, and QVMI_ERROR_DENIED when it is the operator, who is no user and has no phones. */
struct caller *caller_identify_user(struct broker *broker, struct http_request *request,
    enum browser_intent intent, GError **error);

/* Did the kernel name the peer as ourselves or root? */
bool caller_is_operator(struct http_request *request);

DEFINE_CLEANUP(caller);
