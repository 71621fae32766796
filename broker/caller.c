/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/caller.h"

#include <string.h>
#include <unistd.h>

#include "broker/broker.h"
#include "broker/token.h"
#include "common/error.h"

void caller_free(struct caller *caller)
{
	if (!caller)
		return;
	g_free(caller->user);
	g_free(caller->token);
	g_free(caller);
}

const char *caller_name(const struct caller *caller)
{
	return caller->user ? caller->user : "the operator";
}

static bool denied(const char *why, GError **error)
{
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_DENIED, why);
	return false;
}

bool caller_is_operator(struct http_request *request)
{
	const struct http_peer *peer = http_request_peer(request);
	return peer->kind == HTTP_PEER_UNIX && (peer->uid == 0 || peer->uid == geteuid());
}

static struct caller *caller_of_token(
    struct broker *broker, const char *text, bool browser, GError **error)
{
	AUTO(token) token = token_find(broker->database, text, broker_now(broker), error);
	if (!token)
		return NULL;
	struct caller *caller = g_new0(struct caller, 1);
	caller->user = g_steal_pointer(&token->user);
	caller->token = g_steal_pointer(&token->digest);
	caller->admin = token->admin;
	caller->browser = browser;
	caller->expires = token->expires;
	return caller;
}

struct caller *caller_identify(
    struct broker *broker, struct http_request *request, enum browser_intent intent, GError **error)
{
	const char *authorization = http_request_header(request, "authorization");
	if (authorization && g_ascii_strncasecmp(authorization, "bearer ", 7) == 0)
		return caller_of_token(broker, authorization + 7, false, error);
	if (http_request_peer(request)->kind == HTTP_PEER_UNIX) {
		if (!caller_is_operator(request)) {
			denied("only the broker's own user and root may use this socket", error);
			return NULL;
		}
		struct caller *caller = g_new0(struct caller, 1);
		caller->admin = true;
		return caller;
	}
	g_autofree char *cookie = browser_cookie(request, CALLER_COOKIE);
	if (cookie)
		return browser_check_cookie(request, intent, error)
		           ? caller_of_token(broker, cookie, true, error)
		           : NULL;
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED, "sign in first");
	return NULL;
}

struct caller *caller_identify_admin(
    struct broker *broker, struct http_request *request, enum browser_intent intent, GError **error)
{
	AUTO(caller) caller = caller_identify(broker, request, intent, error);
	if (!caller || caller->admin)
		return g_steal_pointer(&caller);
	denied("this is for administrators", error);
	return NULL;
}

struct caller *caller_identify_user(
    struct broker *broker, struct http_request *request, enum browser_intent intent, GError **error)
{
	AUTO(caller) caller = caller_identify(broker, request, intent, error);
	if (!caller || caller->user)
		return g_steal_pointer(&caller);
	denied("the operator is no user and has no phones; sign in as one", error);
	return NULL;
}
