/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Plans and who holds them; for administrators. Which packages are in one: api_package.c. */
#include "broker/api.h"

#include "broker/broker.h"
#include "broker/caller.h"
#include "broker/plan.h"
#include "common/error.h"
#include "common/json.h"

static bool put_names(JsonObject *object, const char *member, GPtrArray *names)
{
	if (!names)
		return false;
	JsonArray *array = json_array_sized_new(names->len);
	for (unsigned i = 0; i < names->len; i++)
		json_array_add_string_element(array, names->pdata[i]);
	json_object_set_array_member(object, member, array);
	g_ptr_array_unref(names);
	return true;
}

void api_plan_list(struct http_request *request, void *data)
{
	struct broker *broker = data;
	struct database *database = broker->database;
	g_autoptr(GError) error = NULL;
	AUTO(caller) caller = caller_identify_admin(broker, request, BROWSER_READS, &error);
	g_autoptr(GPtrArray) plans = caller ? plan_list(database, &error) : NULL;
	if (!plans)
		return api_fail(request, error);
	g_autoptr(JsonArray) array = json_array_sized_new(plans->len);
	for (unsigned i = 0; i < plans->len; i++) {
		const char *plan = plans->pdata[i];
		JsonObject *object = json_object_new();
		json_array_add_object_element(array, object);
		json_object_set_string_member(object, "plan", plan);
		if (!put_names(object, "users", plan_holders(database, plan, "user", &error)) ||
		    !put_names(object, "organisations",
		        plan_holders(database, plan, "organisation", &error)))
			return api_fail(request, error);
	}
	JsonObject *object = json_object_new();
	json_object_set_array_member(object, "plans", g_steal_pointer(&array));
	api_respond(request, 200, object);
}

/* Exactly one of the two names. */
static const char *holder_of(
    const char *user, const char *organisation, const char **kind, GError **error)
{
	*kind = user ? "user" : "organisation";
	if (!user != !organisation)
		return user ? user : organisation;
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "user or organisation, one of the two: who holds the plan");
	return NULL;
}

void api_plan_give(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	AUTO(caller) caller = caller_identify_admin(broker, request, BROWSER_WRITES, &error);
	JsonObject *body = caller ? api_body(request, &error) : NULL;
	const char *user = body ? json_get_optional_string(body, "user", 256, &error) : NULL;
	const char *organisation =
	    body && !error ? json_get_optional_string(body, "organisation", 256, &error) : NULL;
	const char *plan = http_request_parameter(request, "plan"), *kind;
	const char *name = body && !error ? holder_of(user, organisation, &kind, &error) : NULL;
	if (!name || !plan_give(broker->database, plan, kind, name, broker_now(broker), &error))
		return api_fail(request, error);
	g_message("plan %s given to %s %s by %s", plan, kind, name, caller_name(caller));
	http_respond_empty(request, 204);
}

void api_plan_take(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	AUTO(caller) caller = caller_identify_admin(broker, request, BROWSER_WRITES, &error);
	const char *plan = http_request_parameter(request, "plan"), *kind;
	const char *name = caller ? holder_of(http_request_query(request, "user"),
	                                http_request_query(request, "organisation"), &kind, &error)
	                          : NULL;
	if (!name || !plan_take(broker->database, plan, kind, name, &error) ||
	    !api_end_lost_sessions(broker, &error))
		return api_fail(request, error);
	g_message("plan %s taken from %s %s by %s", plan, kind, name, caller_name(caller));
	http_respond_empty(request, 204);
}
