/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/api.h"

#include <errno.h>
#include <string.h>

#include "common/error.h"
#include "common/json.h"

const struct http_route api_routes[] = {
    {.method = "POST", .pattern = "/v1/login", .handler = api_login},
    {.method = "POST", .pattern = "/v1/login/negotiate", .handler = api_negotiate},
    {.method = "POST", .pattern = "/v1/login/second-factor", .handler = api_second_factor},
    {.method = "GET", .pattern = "/v1/sign-in", .handler = api_ways},
    {.method = "POST", .pattern = "/v1/login/federation", .handler = api_federation_begin},
    {.method = "POST", .pattern = "/v1/login/federation/finish", .handler = api_federation_finish},
    {.method = "GET",
        .pattern = "/v1/federation/callback/{organisation}",
        .handler = api_federation_callback},
    {.method = "POST", .pattern = "/v1/logout", .handler = api_logout},
    {.method = "GET", .pattern = "/v1/whoami", .handler = api_whoami},
    {.method = "GET", .pattern = "/v1/packages", .handler = api_package_list},
    {.method = "POST", .pattern = "/v1/packages", .handler = api_package_put},
    {.method = "DELETE", .pattern = "/v1/packages/{id}", .handler = api_package_remove},
    {.method = "GET", .pattern = "/v1/packages/{id}/policy", .handler = api_session_policy},
    {.method = "PUT", .pattern = "/v1/packages/{id}/policy", .handler = api_session_policy_set},
    {.method = "POST", .pattern = "/v1/packages/{id}/grants", .handler = api_package_grant},
    {.method = "DELETE",
        .pattern = "/v1/packages/{id}/grants",
        .handler = api_package_revoke_audience},
    {.method = "DELETE",
        .pattern = "/v1/packages/{id}/grants/{user}",
        .handler = api_package_revoke},
    {.method = "GET", .pattern = "/v1/plans", .handler = api_plan_list},
    {.method = "POST", .pattern = "/v1/plans/{plan}/holders", .handler = api_plan_give},
    {.method = "DELETE", .pattern = "/v1/plans/{plan}/holders", .handler = api_plan_take},
    {.method = "GET", .pattern = "/v1/sessions", .handler = api_session_list},
    {.method = "POST", .pattern = "/v1/sessions", .handler = api_session_open},
    {.method = "POST", .pattern = "/v1/sessions/{id}/grant", .handler = api_session_grant},
    {.method = "POST", .pattern = "/v1/resume", .handler = api_resume},
    {.method = "DELETE", .pattern = "/v1/sessions/{id}", .handler = api_session_close},
    {.method = "GET", .pattern = "/v1/users", .handler = api_user_list},
    {.method = "POST", .pattern = "/v1/users", .handler = api_user_add},
    {.method = "POST", .pattern = "/v1/users/{name}/sign-out", .handler = api_user_sign_out},
    {.method = "PUT", .pattern = "/v1/users/{name}/password", .handler = api_user_password},
    {.method = "DELETE",
        .pattern = "/v1/users/{name}/second-factor",
        .handler = api_second_factor_remove},
    {.method = "DELETE", .pattern = "/v1/users/{name}", .handler = api_user_remove},
    {.method = "GET", .pattern = "/v1/audit", .handler = api_audit_list},
    {.method = "GET", .pattern = "/v1/audit/head", .handler = api_audit_head},
    {.method = "GET", .pattern = "/v1/openapi.yaml", .handler = api_description},
    {.method = "GET", .pattern = "/icons/{name}", .handler = api_icon},
    {.method = NULL},
};

void api_respond(struct http_request *request, unsigned status, JsonObject *object)
{
	http_respond_json(request, status, json_node_of(object));
}

void api_fail(struct http_request *request, const GError *error)
{
	/* RFC 9110 10.2.3 */
	if (g_error_matches(error, QVMI_ERROR, QVMI_ERROR_UNAVAILABLE))
		http_request_add_header(request, "retry-after", "5");
	http_respond_error(request, error);
}

JsonObject *api_body(struct http_request *request, GError **error)
{
	const char *type = http_request_header(request, "content-type");
	size_t n = strlen("application/json");
	if (!type || g_ascii_strncasecmp(type, "application/json", n) != 0 ||
	    (type[n] != '\0' && type[n] != ';' && type[n] != ' ')) {
		g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_INVALID,
		    "send the body as Content-Type: application/json");
		return NULL;
	}
	return http_request_json(request, error);
}

bool api_query_int(struct http_request *request, const char *name, int64_t min, int64_t max,
    int64_t fallback, int64_t *out, GError **error)
{
	const char *text = http_request_query(request, name);
	*out = fallback;
	if (!text)
		return true;
	if (g_ascii_string_to_signed(text, 10, min, max, out, NULL))
		return true;
	g_set_error(error, QVMI_ERROR, QVMI_ERROR_INVALID,
	    "query %s: a number from %" G_GINT64_FORMAT " to %" G_GINT64_FORMAT, name, min, max);
	return false;
}

char *api_time(int64_t seconds)
{
	g_autoptr(GDateTime) time = g_date_time_new_from_unix_utc(seconds);
	return g_date_time_format(time, "%Y-%m-%dT%H:%M:%SZ");
}
