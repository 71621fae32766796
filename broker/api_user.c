/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Accounts, for administrators. */
#include "broker/api.h"

#include "broker/account.h"
#include "broker/broker.h"
#include "broker/caller.h"
#include "broker/challenge.h"
#include "broker/device.h"
#include "broker/password_worker.h"
#include "broker/session.h"
#include "broker/stream_ender.h"
#include "broker/token.h"
#include "common/error.h"
#include "common/json.h"

#define LIST_MAX 1000

/* A held request that waits for a password's hash. */
struct change {
	struct broker *broker;
	struct http_request *request;
	char *name, *by;
	bool adding, admin;
};

static void change_free(struct change *change)
{
	g_free(change->name);
	g_free(change->by);
	g_free(change);
}
DEFINE_CLEANUP(change);

static JsonObject *user_json(const char *name, bool admin, int64_t created)
{
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "name", name);
	json_object_set_boolean_member(object, "admin", admin);
	g_autofree char *time = api_time(created);
	json_object_set_string_member(object, "created", time);
	return object;
}

void api_user_list(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	int64_t limit;
	AUTO(caller) caller = caller_identify_admin(broker, request, BROWSER_READS, &error);
	if (!caller || !api_query_int(request, "limit", 1, LIST_MAX, LIST_MAX, &limit, &error))
		return api_fail(request, error);
	const char *after = http_request_query(request, "after");
	g_autoptr(GPtrArray) accounts =
	    account_list(broker->database, after ? after : "", (unsigned)limit, &error);
	if (!accounts)
		return api_fail(request, error);
	JsonArray *array = json_array_sized_new(accounts->len);
	for (unsigned i = 0; i < accounts->len; i++) {
		const struct account *account = accounts->pdata[i];
		JsonObject *user = user_json(account->name, account->admin, account->created);
		if (account->principal)
			json_object_set_string_member(user, "principal", account->principal);
		if (account->issuer)
			json_object_set_string_member(user, "issuer", account->issuer);
		if (account->full_name && *account->full_name)
			json_object_set_string_member(user, "full_name", account->full_name);
		if (account->manager && *account->manager)
			json_object_set_string_member(user, "manager", account->manager);
		json_array_add_object_element(array, user);
	}
	JsonObject *object = json_object_new();
	json_object_set_array_member(object, "users", array);
	if (accounts->len == limit) {
		const struct account *last = accounts->pdata[accounts->len - 1];
		json_object_set_string_member(object, "next", last->name);
	}
	api_respond(request, 200, object);
}

static bool set_password(
    struct broker *broker, const char *name, const char *encoded, GError **error)
{
	/* A new password ends what the old one opened. */
	return account_set_password(broker->database, name, encoded, error) &&
	       token_end_all(broker->database, name, error) &&
	       device_forget_all(broker->database, name, error) &&
	       session_close_of_user(
	           broker->database, name, "the password was changed", broker_now(broker), error);
}

static bool in_transaction(struct broker *broker, bool done, GError **error)
{
	if (done && database_commit(broker->database, error))
		return true;
	database_rollback(broker->database);
	return false;
}

static void hashed(const char *encoded, const GError *error, void *data)
{
	AUTO(change) change = data;
	struct broker *broker = change->broker;
	g_autoptr(GError) failure = NULL;
	int64_t now = broker_now(broker);
	if (error)
		return api_fail(change->request, error);
	if (change->adding) {
		if (!account_add(
		        broker->database, change->name, encoded, change->admin, now, &failure))
			return api_fail(change->request, failure);
		g_message("%s %s added by %s", change->admin ? "administrator" : "user",
		    change->name, change->by);
		return api_respond(
		    change->request, 201, user_json(change->name, change->admin, now));
	}
	if (!database_begin(broker->database, &failure) ||
	    !in_transaction(
	        broker, set_password(broker, change->name, encoded, &failure), &failure))
		return api_fail(change->request, failure);
	challenges_end_all(broker->challenges, change->name);
	stream_ender_run(broker->streams);
	g_message("the password of %s was changed by %s; his sign-ins have ended", change->name,
	    change->by);
	http_respond_empty(change->request, 204);
}

static struct change *change_new(struct broker *broker, struct http_request *request,
    const struct caller *caller, const char *name)
{
	struct change *change = g_new0(struct change, 1);
	change->broker = broker;
	change->request = request;
	change->name = g_strdup(name);
	change->by = g_strdup(caller_name(caller));
	return change;
}

/* Takes the change; answers now or when the hash is there. */
static void hash_then(struct change *change, const char *password)
{
	struct http_request *request = change->request;
	g_autoptr(GError) error = NULL;
	if (password_acceptable(password, change->name, &error) &&
	    password_worker_hash(change->broker->passwords, password, hashed, change, &error))
		return http_request_hold(request);
	change_free(change);
	api_fail(request, error);
}

void api_user_add(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	bool admin;
	AUTO(caller) caller = caller_identify_admin(broker, request, BROWSER_WRITES, &error);
	JsonObject *body = caller ? api_body(request, &error) : NULL;
	const char *name = body ? json_get_string(body, "name", 256, &error) : NULL;
	const char *password =
	    name ? json_get_string(body, "password", PASSWORD_MAX_BYTES, &error) : NULL;
	if (!password || !account_name_is_valid(name, &error) ||
	    !json_get_optional_bool(body, "admin", false, &admin, &error))
		return api_fail(request, error);
	struct change *change = change_new(broker, request, caller, name);
	change->adding = true;
	change->admin = admin;
	hash_then(change, password);
}

void api_user_password(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	AUTO(caller) caller = caller_identify_admin(broker, request, BROWSER_WRITES, &error);
	JsonObject *body = caller ? api_body(request, &error) : NULL;
	const char *password =
	    body ? json_get_string(body, "password", PASSWORD_MAX_BYTES, &error) : NULL;
	AUTO(account)
	account = password ? account_find(
	                         broker->database, http_request_parameter(request, "name"), &error)
	                   : NULL;
	if (account && account->principal)
		error = g_error_new(QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "%s signs in with Kerberos; the password is changed there", account->name);
	else if (account && account->issuer)
		error = g_error_new(QVMI_ERROR, QVMI_ERROR_CONFLICT,
		    "%s is vouched for by %s and has no password here", account->name,
		    account->issuer);
	if (error)
		return api_fail(request, error);
	hash_then(change_new(broker, request, caller, account->name), password);
}

static bool sign_out(struct broker *broker, const char *name, GError **error)
{
	AUTO(account) account = account_find(broker->database, name, error);
	return account && token_end_all(broker->database, account->name, error) &&
	       session_close_of_user(broker->database, account->name,
	           "signed out by an administrator", broker_now(broker), error);
}

void api_user_sign_out(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	AUTO(caller) caller = caller_identify_admin(broker, request, BROWSER_WRITES, &error);
	const char *name = http_request_parameter(request, "name");
	if (!caller || !database_begin(broker->database, &error) ||
	    !in_transaction(broker, sign_out(broker, name, &error), &error))
		return api_fail(request, error);
	stream_ender_run(broker->streams);
	g_message("user %s signed out by %s", name, caller_name(caller));
	http_respond_empty(request, 204);
}

static bool remove_user(struct broker *broker, const char *name, GError **error)
{
	return session_close_of_user(
	           broker->database, name, "the user was removed", broker_now(broker), error) &&
	       account_remove(broker->database, name, error);
}

void api_user_remove(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	AUTO(caller) caller = caller_identify_admin(broker, request, BROWSER_WRITES, &error);
	const char *name = http_request_parameter(request, "name");
	if (!caller || !database_begin(broker->database, &error) ||
	    !in_transaction(broker, remove_user(broker, name, &error), &error))
		return api_fail(request, error);
	challenges_end_all(broker->challenges, name);
	stream_ender_run(broker->streams);
	g_message("user %s removed by %s", name, caller_name(caller));
	http_respond_empty(request, 204);
}
