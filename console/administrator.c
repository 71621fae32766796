/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/administrator.h"

#include <string.h>

#include "common/error.h"
#include "common/http_client.h"
#include "common/json.h"

#define KNOWN_MAX 256
#define BEARER "Bearer "
#define NAME_MAX_SIZE 256

struct known {
	char *name;
	int64_t until; /* monotonic, microseconds */
};

struct administrators {
	struct http_client *broker;
	GHashTable *known; /* SHA-256 of the token -> struct known */
};

/* A question to the broker that is under way. */
struct question {
	struct administrators *administrators;
	char *token;
	administrator_fn known;
	void *data;
};

static void known_free(void *data)
{
	struct known *known = data;
	g_free(known->name);
	g_free(known);
}

static void question_free(struct question *question)
{
	g_free(question->token);
	g_free(question);
}
DEFINE_CLEANUP(question);

struct administrators *administrators_new(struct http_client *broker)
{
	struct administrators *administrators = g_new0(struct administrators, 1);
	administrators->broker = broker;
	administrators->known = g_hash_table_new_full(g_str_hash, g_str_equal, g_free, known_free);
	return administrators;
}

void administrators_free(struct administrators *administrators)
{
	if (!administrators)
		return;
	g_hash_table_unref(administrators->known);
	g_free(administrators);
}

static char *digest(const char *token)
{
	return g_compute_checksum_for_string(G_CHECKSUM_SHA256, token, -1);
}

static void remember(struct administrators *administrators, const char *token, const char *name)
{
	if (g_hash_table_size(administrators->known) >= KNOWN_MAX)
		g_hash_table_remove_all(administrators->known);
	struct known *known = g_new0(struct known, 1);
	known->name = g_strdup(name);
	known->until = g_get_monotonic_time() + ADMINISTRATOR_AGE_S * G_USEC_PER_SEC;
	g_hash_table_replace(administrators->known, digest(token), known);
}

void administrator_forget(struct administrators *administrators, const char *token)
{
	g_autofree char *key = digest(token);
	g_hash_table_remove(administrators->known, key);
}

static void refuse(int code, const char *why, administrator_fn known, void *data)
{
	g_autoptr(GError) error = g_error_new_literal(QVMI_ERROR, code, why);
	known(NULL, NULL, error, data);
}

static void answered(const struct http_reply *reply, const GError *error, void *data)
{
	AUTO(question) question = data;
	g_autoptr(GError) failure = NULL;
	bool admin = false;
	if (error)
		return question->known(NULL, NULL, error, question->data);
	JsonObject *who = reply->json && JSON_NODE_HOLDS_OBJECT(reply->json)
	                      ? json_node_get_object(reply->json)
	                      : NULL;
	const char *name = who ? json_get_string(who, "user", NAME_MAX_SIZE, &failure) : NULL;
	if (!name || !json_get_optional_bool(who, "admin", false, &admin, &failure))
		return refuse(QVMI_ERROR_FAILED, "the broker's answer is not understood",
		    question->known, question->data);
	if (!admin)
		return refuse(QVMI_ERROR_DENIED,
		    "the console is for administrators; sign in as one", question->known,
		    question->data);
	remember(question->administrators, question->token, name);
	question->known(name, question->token, NULL, question->data);
}

void administrator_identify(struct administrators *administrators, struct http_request *request,
    enum browser_intent intent, administrator_fn known, void *data)
{
	g_autoptr(GError) error = NULL;
	const char *authorization = http_request_header(request, "authorization");
	/* No page of another site can send this header, so nothing else is to be checked of it. */
	bool bearer = authorization && g_str_has_prefix(authorization, BEARER);
	g_autofree char *token = bearer ? g_strdup(authorization + strlen(BEARER))
	                                : browser_cookie(request, ADMINISTRATOR_COOKIE);
	if (!token)
		return refuse(QVMI_ERROR_UNAUTHENTICATED, "sign in first", known, data);
	if (!bearer && !browser_check_cookie(request, intent, &error))
		return known(NULL, NULL, error, data);
	g_autofree char *key = digest(token);
	struct known *found = g_hash_table_lookup(administrators->known, key);
	if (found && found->until > g_get_monotonic_time())
		return known(found->name, token, NULL, data);
	struct question *question = g_new0(struct question, 1);
	question->administrators = administrators;
	question->token = g_steal_pointer(&token);
	question->known = known;
	question->data = data;
	const struct http_call call = {
	    .method = "GET", .path = "/v1/whoami", .bearer = question->token};
	http_request_hold(request);
	http_client_call(
	    administrators->broker, &call, http_request_cancellable(request), answered, question);
}
