/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a package's sessions may. */
#include "broker/api.h"
#include "broker/broker.h"
#include "broker/caller.h"
#include "broker/package.h"
#include "broker/session_policy.h"
#include "common/error.h"
#include "common/json.h"

#define DURATION_MAX_S (30 * 86400)

static JsonObject *policy_json(const struct session_policy *policy)
{
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "second_terminal", policy->second_terminal);
	json_object_set_int_member(object, "sessions", policy->sessions);
	json_object_set_int_member(object, "duration_s", policy->duration_s);
	return object;
}

void api_session_policy(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	struct session_policy policy;
	AUTO(caller) caller = caller_identify_admin(broker, request, BROWSER_READS, &error);
	AUTO(package)
	package =
	    caller ? package_find(broker->database, http_request_parameter(request, "id"), &error)
	           : NULL;
	if (!package || !session_policy_load(broker->database, package->id, &policy, &error))
		return api_fail(request, error);
	api_respond(request, 200, policy_json(&policy));
}

/* What is not told stays as it is. */
static bool read_policy(JsonObject *body, struct session_policy *policy, GError **error)
{
	GError *failure = NULL;
	const char *second = json_get_optional_string(
	    body, "second_terminal", sizeof(policy->second_terminal) - 1, &failure);
	if (!failure && second && !session_policy_second_is_valid(second))
		g_set_error_literal(&failure, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "second_terminal is share, take-over or look-on");
	if (!failure && second)
		g_strlcpy(policy->second_terminal, second, sizeof(policy->second_terminal));
	if (!failure && json_check_members(body, "second_terminal sessions duration_s", &failure) &&
	    json_get_optional_int(body, "sessions", 1, SESSION_POLICY_SESSIONS, policy->sessions,
	        &policy->sessions, &failure))
		json_get_optional_int(body, "duration_s", 0, DURATION_MAX_S, policy->duration_s,
		    &policy->duration_s, &failure);
	if (!failure)
		return true;
	g_propagate_error(error, failure);
	return false;
}

void api_session_policy_set(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	struct session_policy policy;
	const char *id = http_request_parameter(request, "id");
	AUTO(caller) caller = caller_identify_admin(broker, request, BROWSER_WRITES, &error);
	JsonObject *body = caller ? api_body(request, &error) : NULL;
	if (!body || !session_policy_load(broker->database, id, &policy, &error) ||
	    !read_policy(body, &policy, &error) ||
	    !session_policy_store(broker->database, id, &policy, &error))
		return api_fail(request, error);
	g_message("package %s: second terminal %s, %d sessions, %d s, by %s", id,
	    policy.second_terminal, (int)policy.sessions, (int)policy.duration_s,
	    caller_name(caller));
	api_respond(request, 200, policy_json(&policy));
}
