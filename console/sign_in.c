/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/sign_in.h"

#include <string.h>

#include "common/error.h"
#include "common/json.h"
#include "console/administrator.h"
#include "console/console.h"

#define FIELD_MAX_SIZE 1024
#define TOKEN_LIFETIME_S 43200 /* the broker may end it earlier */
#define DEVICE_COOKIE "__Host-qvmi-console-device"
#define DEVICE_LIFETIME_S (180 * 86400) /* as the broker keeps it */

/* One request to the broker on behalf of a page's. */
struct exchange {
	struct console *console;
	struct http_request *request;
	bool browser; /* gets the token as a cookie; the command line gets it in the answer */
};

static struct exchange *exchange_new(struct console *console, struct http_request *request)
{
	struct exchange *exchange = g_new0(struct exchange, 1);
	exchange->console = console;
	exchange->request = request;
	return exchange;
}

static void ended(const struct http_reply *reply, const GError *error, void *data)
{
	(void)reply;
	(void)data;
	if (error)
		g_message("signing out at the broker: %s", error->message);
}

static void sign_out(struct console *console, const char *token)
{
	const struct http_call call = {.method = "POST", .path = "/v1/logout", .bearer = token};
	administrator_forget(console->administrators, token);
	http_client_call(console->broker, &call, NULL, ended, NULL);
}

static void who_is(struct http_request *request, const char *name)
{
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "user", name);
	http_respond_json(request, 200, json_node_of(object));
}

/* To a page goes what scripts may see. */
static void welcome_page(struct http_request *request, JsonObject *answer, const char *user)
{
	JsonObject *object = json_object_new();
	const char *device = json_get_optional_string(answer, "device", FIELD_MAX_SIZE, NULL);
	browser_set_cookie(request, ADMINISTRATOR_COOKIE,
	    json_object_get_string_member(answer, "token"), TOKEN_LIFETIME_S);
	if (device)
		browser_set_cookie(request, DEVICE_COOKIE, device, DEVICE_LIFETIME_S);
	json_object_set_string_member(object, "user", user);
	if (json_object_has_member(answer, "recovery_codes"))
		json_object_set_member(object, "recovery_codes",
		    json_node_copy(json_object_get_member(answer, "recovery_codes")));
	http_respond_json(request, 200, json_node_of(object));
}

static void signed_in(const struct http_reply *reply, const GError *error, void *data)
{
	g_autofree struct exchange *exchange = data;
	g_autoptr(GError) failure = NULL;
	bool admin = false;
	if (error)
		return http_respond_error(exchange->request, error);
	JsonObject *answer = reply->json && JSON_NODE_HOLDS_OBJECT(reply->json)
	                         ? json_node_get_object(reply->json)
	                         : NULL;
	if (answer && reply->status == 202) /* the second factor is asked for */
		return http_respond_json(exchange->request, 202, json_node_copy(reply->json));
	const char *token =
	    answer ? json_get_string(answer, "token", FIELD_MAX_SIZE, &failure) : NULL;
	const char *user = token ? json_get_string(answer, "user", FIELD_MAX_SIZE, &failure) : NULL;
	if (!user || !json_get_optional_bool(answer, "admin", false, &admin, &failure)) {
		g_clear_error(&failure);
		failure = g_error_new_literal(
		    QVMI_ERROR, QVMI_ERROR_FAILED, "the broker's answer is not understood");
		return http_respond_error(exchange->request, failure);
	}
	if (!admin) {
		sign_out(exchange->console, token);
		failure = g_error_new_literal(QVMI_ERROR, QVMI_ERROR_DENIED,
		    "the console is for administrators; sign in as one");
		return http_respond_error(exchange->request, failure);
	}
	if (!exchange->browser)
		return http_respond_json(exchange->request, 200, json_node_copy(reply->json));
	welcome_page(exchange->request, answer, user);
}

/* Takes the question. */
static void ask_broker(struct console *console, struct http_request *request, const char *path,
    JsonObject *question, bool browser)
{
	const struct http_call call = {
	    .method = "POST", .path = path, .body = json_node_of(question)};
	struct exchange *exchange = exchange_new(console, request);
	exchange->browser = browser;
	http_request_hold(request);
	http_client_call(console->broker, &call, NULL, signed_in, exchange);
}

/* The question that a page's request is, with these two members; NULL with error. */
static JsonObject *question_of(struct http_request *request, const char *first, const char *second,
    bool *browser, JsonObject **body, GError **error)
{
	*body = browser_check(request, BROWSER_WRITES, browser, error)
	            ? http_request_json(request, error)
	            : NULL;
	const char *one = *body ? json_get_string(*body, first, FIELD_MAX_SIZE, error) : NULL;
	const char *two = one ? json_get_string(*body, second, FIELD_MAX_SIZE, error) : NULL;
	if (!two)
		return NULL;
	JsonObject *question = json_object_new();
	json_object_set_string_member(question, first, one);
	json_object_set_string_member(question, second, two);
	return question;
}

void sign_in_open(struct http_request *request, void *data)
{
	g_autoptr(GError) error = NULL;
	bool browser;
	JsonObject *body;
	JsonObject *question = question_of(request, "user", "password", &browser, &body, &error);
	if (!question)
		return http_respond_error(request, error);
	g_autofree char *cookie = browser ? browser_cookie(request, DEVICE_COOKIE) : NULL;
	const char *device =
	    cookie ? cookie : json_get_optional_string(body, "device", FIELD_MAX_SIZE, NULL);
	if (device)
		json_object_set_string_member(question, "device", device);
	json_object_set_string_member(question, "address", http_request_peer(request)->address);
	ask_broker(data, request, "/v1/login", question, browser);
}

void sign_in_complete(struct http_request *request, void *data)
{
	g_autoptr(GError) error = NULL;
	bool browser;
	JsonObject *body;
	JsonObject *question = question_of(request, "challenge", "code", &browser, &body, &error);
	if (!question)
		return http_respond_error(request, error);
	ask_broker(data, request, "/v1/login/second-factor", question, browser);
}

static void leaves(const char *name, const char *token, const GError *error, void *data)
{
	g_autofree struct exchange *exchange = data;
	(void)name;
	if (error)
		return http_respond_error(exchange->request, error);
	sign_out(exchange->console, token);
	browser_set_cookie(exchange->request, ADMINISTRATOR_COOKIE, "", 0);
	http_respond_empty(exchange->request, 204);
}

void sign_in_close(struct http_request *request, void *data)
{
	struct console *console = data;
	administrator_identify(console->administrators, request, BROWSER_WRITES, leaves,
	    exchange_new(console, request));
}

static void shown(const char *name, const char *token, const GError *error, void *data)
{
	g_autofree struct exchange *exchange = data;
	(void)token;
	if (error)
		return http_respond_error(exchange->request, error);
	who_is(exchange->request, name);
}

void sign_in_show(struct http_request *request, void *data)
{
	struct console *console = data;
	administrator_identify(
	    console->administrators, request, BROWSER_READS, shown, exchange_new(console, request));
}
