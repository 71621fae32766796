/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/proxy/authorization.h"

#include <string.h>

#include "common/pkce.h"
#include "common/error.h"

#define PARAMETER_MAX 1024
#define NONCE_MAX 255

void authorization_free(struct authorization *authorization)
{
	if (!authorization)
		return;
	g_free(authorization->redirect_uri);
	g_free(authorization->state);
	g_free(authorization->nonce);
	g_free(authorization->challenge);
	g_free(authorization->login_hint);
	g_free(authorization);
}

static void append(GString *query, const char *name, const char *value)
{
	if (!value)
		return;
	g_string_append_printf(query, "%s%s=", query->len ? "&" : "", name);
	g_string_append_uri_escaped(query, value, NULL, FALSE);
}

char *authorization_query(const struct authorization *authorization)
{
	GString *query = g_string_new("response_type=code&scope=openid&code_challenge_method=S256");
	append(query, "client_id", relying_party_id(authorization->party));
	append(query, "redirect_uri", authorization->redirect_uri);
	append(query, "state", authorization->state);
	append(query, "nonce", authorization->nonce);
	append(query, "code_challenge", authorization->challenge);
	append(query, "login_hint", authorization->login_hint);
	return g_string_free(query, FALSE);
}

char *authorization_answer(const struct authorization *authorization, const char *issuer,
    const char *code, const char *error)
{
	g_autoptr(GString) query = g_string_new(NULL);
	append(query, "code", code);
	append(query, "error", error);
	append(query, "state", authorization->state);
	append(query, "iss", issuer);
	return g_strconcat(authorization->redirect_uri,
	    strchr(authorization->redirect_uri, '?') ? "&" : "?", query->str, NULL);
}

static bool has_word(const char *text, const char *word)
{
	g_auto(GStrv) words = g_strsplit(text ? text : "", " ", 32);
	return g_strv_contains((const char *const *)words, word);
}

struct reader {
	authorization_parameter parameter;
	void *data;
};

static const char *get(const struct reader *reader, const char *name)
{
	const char *value = reader->parameter(name, reader->data);
	return value && *value ? value : NULL;
}

static bool is(const struct reader *reader, const char *name, const char *value)
{
	return g_strcmp0(get(reader, name), value) == 0;
}

/* The error code of RFC 6749 4.1.2.1 or OpenID Connect Core 3.1.2.6; NULL: all is well. */
static const char *find_fault(const struct reader *reader, const struct authorization *wanted)
{
	const char *challenge = get(reader, "code_challenge");
	if (get(reader, "request"))
		return "request_not_supported";
	if (get(reader, "request_uri"))
		return "request_uri_not_supported";
	if (!is(reader, "response_type", "code"))
		return "unsupported_response_type";
	if (get(reader, "response_mode") && !is(reader, "response_mode", "query"))
		return "invalid_request";
	if (!has_word(get(reader, "scope"), "openid"))
		return "invalid_scope";
	/* We vouch for whom we have just seen: there is no sign-in that lasts. */
	if (has_word(get(reader, "prompt"), "none"))
		return "login_required";
	if (!challenge || !pkce_is_challenge(challenge) ||
	    !is(reader, "code_challenge_method", "S256"))
		return "invalid_request";
	return wanted->nonce && strlen(wanted->nonce) <= NONCE_MAX ? NULL : "invalid_request";
}

static bool is_bounded(const struct reader *reader)
{
	static const char *const names[] = {"client_id", "redirect_uri", "state", "nonce",
	    "code_challenge", "login_hint", "scope", "prompt"};
	for (unsigned i = 0; i < G_N_ELEMENTS(names); i++)
		if (get(reader, names[i]) && strlen(get(reader, names[i])) > PARAMETER_MAX)
			return false;
	return true;
}

struct authorization *authorization_read(const struct relying_parties *parties, const char *issuer,
    authorization_parameter parameter, void *data, char **answer, GError **error)
{
	const struct reader reader = {parameter, data};
	const char *client = get(&reader, "client_id"), *uri = get(&reader, "redirect_uri");
	*answer = NULL;
	AUTO(authorization) wanted = g_new0(struct authorization, 1);
	wanted->party = client && is_bounded(&reader) ? relying_party_find(parties, client) : NULL;
	if (!wanted->party || !uri || !relying_party_returns_to(wanted->party, uri)) {
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_DENIED,
		    "whoever sent you here is not known to this company: client_id and "
		    "redirect_uri are not registered");
		return NULL;
	}
	wanted->redirect_uri = g_strdup(uri);
	wanted->state = g_strdup(get(&reader, "state"));
	wanted->nonce = g_strdup(get(&reader, "nonce"));
	wanted->challenge = g_strdup(get(&reader, "code_challenge"));
	wanted->login_hint = g_strdup(get(&reader, "login_hint"));
	const char *fault = find_fault(&reader, wanted);
	if (!fault)
		return g_steal_pointer(&wanted);
	*answer = authorization_answer(wanted, issuer, NULL, fault);
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "%s", fault);
	return NULL;
}
