/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packages: one's own for everybody, all of them for administrators. */
#include "broker/api.h"

#include "broker/broker.h"
#include "broker/caller.h"
#include "broker/package.h"
#include "broker/stream_ender.h"
#include "common/error.h"
#include "common/json.h"

JsonObject *api_package_json(const struct package *package)
{
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "id", package->id);
	json_object_set_string_member(object, "name", package->name);
	json_object_set_string_member(object, "kind", package->kind);
	json_object_set_string_member(object, "icon", package->icon);
	json_object_set_string_member(object, "pool", package->pool);
	if (package->application)
		json_object_set_string_member(object, "application", package->application);
	return object;
}

JsonArray *api_packages_of(struct broker *broker, const char *user, GError **error)
{
	g_autoptr(GPtrArray) packages = package_list(broker->database, user, error);
	if (!packages)
		return NULL;
	JsonArray *array = json_array_sized_new(packages->len);
	for (unsigned i = 0; i < packages->len; i++)
		json_array_add_object_element(array, api_package_json(packages->pdata[i]));
	return array;
}

static JsonArray *names_json(GPtrArray *names)
{
	JsonArray *array = json_array_sized_new(names->len);
	for (unsigned i = 0; i < names->len; i++)
		json_array_add_string_element(array, names->pdata[i]);
	return array;
}

/* Whom a package can be given to besides single persons, and what lists call them. */
static const struct {
	const char *kind, *member;
} audiences[] = {
    {"group", "groups"}, {"unit", "units"}, {"organisation", "organisations"}, {"plan", "plans"}};

static bool put_audiences(JsonObject *object, struct broker *broker, const char *id, GError **error)
{
	for (unsigned i = 0; i < G_N_ELEMENTS(audiences); i++) {
		g_autoptr(GPtrArray) names =
		    package_audience(broker->database, id, audiences[i].kind, error);
		if (!names)
			return false;
		json_object_set_array_member(object, audiences[i].member, names_json(names));
	}
	return true;
}

/* Every package, with the names of those who have it. */
static JsonArray *all_packages(struct broker *broker, GError **error)
{
	g_autoptr(GPtrArray) packages = package_list(broker->database, NULL, error);
	if (!packages)
		return NULL;
	g_autoptr(JsonArray) array = json_array_sized_new(packages->len);
	for (unsigned i = 0; i < packages->len; i++) {
		const struct package *package = packages->pdata[i];
		g_autoptr(GPtrArray) names = package_grantees(broker->database, package->id, error);
		if (!names)
			return NULL;
		JsonObject *object = api_package_json(package);
		json_array_add_object_element(array, object);
		json_object_set_array_member(object, "users", names_json(names));
		if (!put_audiences(object, broker, package->id, error))
			return NULL;
	}
	return g_steal_pointer(&array);
}

void api_package_list(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	int64_t all;
	if (!api_query_int(request, "all", 0, 1, 0, &all, &error))
		return api_fail(request, error);
	AUTO(caller)
	caller = all ? caller_identify_admin(broker, request, BROWSER_READS, &error)
	             : caller_identify_user(broker, request, BROWSER_READS, &error);
	JsonArray *array = !caller ? NULL
	                   : all   ? all_packages(broker, &error)
	                           : api_packages_of(broker, caller->user, &error);
	if (!array)
		return api_fail(request, error);
	JsonObject *object = json_object_new();
	json_object_set_array_member(object, "packages", array);
	api_respond(request, 200, object);
}

static struct package *package_from_json(JsonObject *body, GError **error)
{
	GError *failure = NULL;
	AUTO(package) package = g_new0(struct package, 1);
	package->id = g_strdup(json_get_string(body, "id", 64, &failure));
	if (!failure)
		package->name = g_strdup(json_get_string(body, "name", 256, &failure));
	if (!failure)
		package->kind = g_strdup(json_get_string(body, "kind", 16, &failure));
	if (!failure)
		package->pool = g_strdup(json_get_string(body, "pool", 64, &failure));
	if (!failure)
		package->application =
		    g_strdup(json_get_optional_string(body, "application", 128, &failure));
	const char *icon = failure ? NULL : json_get_optional_string(body, "icon", 128, &failure);
	package->icon = g_strdup(icon ? icon : PACKAGE_ICON_DEFAULT);
	if (failure) {
		g_propagate_error(error, failure);
		return NULL;
	}
	if (!package_is_valid(package, error) || !api_icon_check(package->icon, error))
		return NULL;
	return g_steal_pointer(&package);
}

void api_package_put(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	bool added;
	AUTO(caller) caller = caller_identify_admin(broker, request, BROWSER_WRITES, &error);
	JsonObject *body = caller ? api_body(request, &error) : NULL;
	AUTO(package) package = body ? package_from_json(body, &error) : NULL;
	if (!package || !package_put(broker->database, package, broker_now(broker), &added, &error))
		return api_fail(request, error);
	api_respond(request, added ? 201 : 200, api_package_json(package));
}

void api_package_remove(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	AUTO(caller) caller = caller_identify_admin(broker, request, BROWSER_WRITES, &error);
	if (!caller ||
	    !package_remove(broker->database, http_request_parameter(request, "id"), &error))
		return api_fail(request, error);
	http_respond_empty(request, 204);
}

/* Whom a package is given to: exactly one of these. */
static const char *const receivers[] = {"user", "group", "unit", "organisation", "plan"};

static const char *receiver_of(JsonObject *body, const char **kind, GError **error)
{
	const char *name = NULL;
	for (unsigned i = 0; i < G_N_ELEMENTS(receivers); i++) {
		g_autoptr(GError) failure = NULL;
		const char *given = json_get_optional_string(body, receivers[i], 256, &failure);
		if (failure || (given && name)) {
			g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID, "%s",
			    failure ? failure->message
			            : "give one of user, group, unit, organisation and plan");
			return NULL;
		}
		if (given)
			*kind = receivers[i];
		name = given ? given : name;
	}
	if (!name || !*name)
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "user, group, unit, organisation or plan is missing: who gets the package");
	return name && *name ? name : NULL;
}

void api_package_grant(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	const char *kind = "";
	AUTO(caller) caller = caller_identify_admin(broker, request, BROWSER_WRITES, &error);
	JsonObject *body = caller ? api_body(request, &error) : NULL;
	const char *name = body ? receiver_of(body, &kind, &error) : NULL;
	const char *id = http_request_parameter(request, "id");
	int64_t now = broker_now(broker);
	if (!name ||
	    !(g_str_equal(kind, "user")
	            ? package_grant(broker->database, id, name, now, &error)
	            : package_grant_audience(broker->database, id, kind, name, now, &error)))
		return api_fail(request, error);
	g_message("package %s granted to %s %s by %s", id, kind, name, caller_name(caller));
	http_respond_empty(request, 204);
}

bool api_end_lost_sessions(struct broker *broker, GError **error)
{
	if (!package_end_lost_sessions(broker->database, broker_now(broker), error))
		return false;
	stream_ender_run(broker->streams);
	return true;
}

void api_package_revoke(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	AUTO(caller) caller = caller_identify_admin(broker, request, BROWSER_WRITES, &error);
	const char *id = http_request_parameter(request, "id");
	const char *user = http_request_parameter(request, "user");
	if (!caller || !package_revoke(broker->database, id, user, &error) ||
	    !api_end_lost_sessions(broker, &error))
		return api_fail(request, error);
	g_message("package %s taken from %s by %s", id, user, caller_name(caller));
	http_respond_empty(request, 204);
}

/* Names of units have slashes in them, so they are no part of a path. */
void api_package_revoke_audience(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	AUTO(caller) caller = caller_identify_admin(broker, request, BROWSER_WRITES, &error);
	const char *id = http_request_parameter(request, "id");
	const char *kind = NULL, *name = NULL;
	unsigned given = 0;
	for (unsigned i = 0; i < G_N_ELEMENTS(audiences); i++)
		if (http_request_query(request, audiences[i].kind)) {
			kind = audiences[i].kind;
			name = http_request_query(request, kind);
			given++;
		}
	if (caller && given != 1)
		error = g_error_new(QVMI_ERROR, QVMI_ERROR_INVALID,
		    "query: one of group, unit, organisation and plan, from whom the package is "
		    "taken");
	if (error || !package_revoke_audience(broker->database, id, kind, name, &error) ||
	    !api_end_lost_sessions(broker, &error))
		return api_fail(request, error);
	g_message("package %s taken from %s %s by %s", id, kind, name, caller_name(caller));
	http_respond_empty(request, 204);
}
