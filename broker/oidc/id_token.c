/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/oidc/id_token.h"

#include <string.h>

#include "common/error.h"
#include "common/json.h"

void id_token_free(struct id_token *token)
{
	if (!token)
		return;
	g_free(token->issuer);
	g_free(token->subject);
	g_free(token->audience);
	g_free(token->nonce);
	g_free(token->id);
	g_free(token->username);
	g_free(token->full_name);
	g_strfreev(token->groups);
	g_free(token);
}

static const char *text_claim(JsonObject *claims, const char *name)
{
	const char *text = json_get_optional_string(claims, name, ID_TOKEN_MAX_NAME, NULL);
	return text && *text ? text : NULL;
}

static bool is(JsonObject *claims, const char *name, const char *expected)
{
	return g_strcmp0(text_claim(claims, name), expected) == 0;
}

/* OpenID Connect Core 3.1.3.7, 3 to 5: for us; where for others, too, then issued to us. */
static bool is_for(JsonObject *claims, const char *client_id)
{
	JsonNode *audience = json_object_get_member(claims, "aud");
	if (json_object_has_member(claims, "azp") && !is(claims, "azp", client_id))
		return false;
	if (!audience || !JSON_NODE_HOLDS_ARRAY(audience))
		return is(claims, "aud", client_id);
	JsonArray *several = json_node_get_array(audience);
	unsigned n = json_array_get_length(several);
	bool found = false;
	for (unsigned i = 0; i < n && !found; i++) {
		JsonNode *one = json_array_get_element(several, i);
		found = json_node_get_value_type(one) == G_TYPE_STRING &&
		        g_str_equal(json_node_get_string(one), client_id);
	}
	return found && (n == 1 || json_object_has_member(claims, "azp"));
}

/* A subject is at most 255 ASCII characters (section 2). */
static bool is_subject(const char *subject)
{
	for (const char *c = subject; c && *c; c++)
		if (!g_ascii_isprint(*c))
			return false;
	return subject != NULL;
}

/* NULL: more than we take, or no names. */
static char **read_groups(JsonObject *claims)
{
	if (!json_object_has_member(claims, "groups"))
		return g_new0(char *, 1);
	JsonArray *array = json_get_array(claims, "groups", ID_TOKEN_MAX_GROUPS, NULL);
	if (!array)
		return NULL;
	g_autoptr(GStrvBuilder) groups = g_strv_builder_new();
	for (unsigned i = 0; i < json_array_get_length(array); i++) {
		JsonNode *node = json_array_get_element(array, i);
		const char *name = json_node_get_value_type(node) == G_TYPE_STRING
		                       ? json_node_get_string(node)
		                       : "";
		if (!*name || strlen(name) > ID_TOKEN_MAX_NAME || !g_utf8_validate(name, -1, NULL))
			return NULL;
		g_strv_builder_add(groups, name);
	}
	return g_strv_builder_end(groups);
}

static const char *find_fault(
    JsonObject *claims, const struct id_token_expected *expected, struct id_token *token)
{
	int64_t expires, not_before;
	if (!is(claims, "iss", expected->issuer))
		return "is of another issuer than it was asked of";
	if (!is_for(claims, expected->client_id))
		return "is for somebody else";
	if (!is(claims, "nonce", expected->nonce))
		return "is of another sign-in";
	if (!json_get_int(claims, "iat", 0, G_MAXINT32 * 64LL, &token->issued, NULL) ||
	    !json_get_int(claims, "exp", 0, G_MAXINT64, &expires, NULL) ||
	    !json_get_optional_int(claims, "nbf", 0, G_MAXINT64, 0, &not_before, NULL))
		return "does not say from when until when it is good";
	token->good_until = MIN(expires, token->issued + ID_TOKEN_LIFETIME_S);
	if (expected->now >= token->good_until)
		return "has expired, or the clocks differ";
	if (MAX(token->issued, not_before) > expected->now + ID_TOKEN_SKEW_S)
		return "is not good yet: the clocks differ";
	if (!is_subject(text_claim(claims, "sub")))
		return "does not say for whom it vouches";
	token->groups = read_groups(claims);
	return token->groups ? NULL : "names groups that cannot be read, or too many";
}

struct id_token *id_token_read(
    JsonObject *claims, const struct id_token_expected *expected, GError **error)
{
	AUTO(id_token) token = g_new0(struct id_token, 1);
	const char *fault = find_fault(claims, expected, token);
	if (fault) {
		g_set_error(
		    error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED, "the assertion %s", fault);
		return NULL;
	}
	token->issuer = g_strdup(expected->issuer);
	token->audience = g_strdup(expected->client_id);
	token->nonce = g_strdup(expected->nonce);
	token->subject = g_strdup(text_claim(claims, "sub"));
	token->id = g_strdup(text_claim(claims, "jti"));
	token->username = g_strdup(text_claim(claims, "preferred_username"));
	token->full_name = g_strdup(text_claim(claims, "name"));
	return g_steal_pointer(&token);
}

JsonNode *id_token_write(const struct id_token *token)
{
	JsonObject *claims = json_object_new();
	json_object_set_string_member(claims, "iss", token->issuer);
	json_object_set_string_member(claims, "sub", token->subject);
	json_object_set_string_member(claims, "aud", token->audience);
	json_object_set_string_member(claims, "nonce", token->nonce);
	json_object_set_string_member(claims, "jti", token->id);
	json_object_set_int_member(claims, "iat", token->issued);
	json_object_set_int_member(claims, "exp", token->good_until);
	if (token->username)
		json_object_set_string_member(claims, "preferred_username", token->username);
	if (token->full_name)
		json_object_set_string_member(claims, "name", token->full_name);
	JsonArray *groups = json_array_new();
	for (char **group = token->groups; *group; group++)
		json_array_add_string_element(groups, *group);
	json_object_set_array_member(claims, "groups", groups);
	return json_node_of(claims);
}
