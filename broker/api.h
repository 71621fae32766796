/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The broker's HTTP API (openapi.yaml): the routes, and what their handlers share. `data` is the
 * struct broker. */
#pragma once

#include <json-glib/json-glib.h>
#include <stdint.h>

#include "common/http_server.h"

struct package;
struct session;
struct broker;

extern const struct http_route api_routes[];

void api_respond(struct http_request *request, unsigned status, JsonObject *object); /* takes it */
void api_fail(struct http_request *request, const GError *error);

/* The body, which must come as application/json: what a form of a foreign page can not send. */
JsonObject *api_body(struct http_request *request, GError **error);
/* A whole number in the query; `fallback` when absent. QVMI_ERROR_INVALID names it. */
bool api_query_int(struct http_request *request, const char *name, int64_t min, int64_t max,
    int64_t fallback, int64_t *out, GError **error);
/* RFC 3339, UTC. Caller frees. */
char *api_time(int64_t seconds);
JsonObject *api_package_json(const struct package *package); /* caller unrefs */
/* {"packages"} of a user. NULL with error. Caller unrefs. */
JsonArray *api_packages_of(struct broker *broker, const char *user, GError **error);

/* Somebody whose password or ticket was right. */
struct api_entrant {
	const char *user;    /* as recorded */
	const char *address; /* where the attempt counts */
	const char *device;  /* what the records call a known one (device.h); NULL: unknown */
	bool browser;        /* the token goes into the cookie */
	bool ticket;         /* came with a ticket and has typed no password */
};
/* Lets him in (welcomer.h), or asks for the second factor where he needs one. False: neither. */
bool api_admit(struct broker *broker, struct http_request *request,
    const struct api_entrant *entrant, GError **error);
/* "user", "admin" and "expires" of a sign-in. */
void api_put_who(JsonObject *object, const char *user, bool admin, int64_t expires);
/* Something was taken from somebody: sessions with what they have no more end, and their streams.
 */
bool api_end_lost_sessions(struct broker *broker, GError **error);
/* 429, and when to try again. */
void api_too_many(struct broker *broker, struct http_request *request, unsigned wait_s);

/* api_negotiate.c */
void api_negotiate(struct http_request *request, void *data);
void api_ways(struct http_request *request, void *data);
/* api_federation.c */
void api_federation_begin(struct http_request *request, void *data);
void api_federation_callback(struct http_request *request, void *data);
void api_federation_finish(struct http_request *request, void *data);
/* api_login.c */
void api_login(struct http_request *request, void *data);
void api_logout(struct http_request *request, void *data);
void api_whoami(struct http_request *request, void *data);
/* api_second_factor.c */
void api_second_factor(struct http_request *request, void *data);
void api_second_factor_remove(struct http_request *request, void *data);
/* api_session.c */
void api_session_open(struct http_request *request, void *data);
void api_session_grant(struct http_request *request, void *data);
void api_session_list(struct http_request *request, void *data);
void api_session_close(struct http_request *request, void *data);
/* api_resume.c */
void api_resume(struct http_request *request, void *data);
/* api_session_policy.c */
void api_session_policy(struct http_request *request, void *data);
void api_session_policy_set(struct http_request *request, void *data);
/* api_user.c */
void api_user_list(struct http_request *request, void *data);
void api_user_add(struct http_request *request, void *data);
void api_user_password(struct http_request *request, void *data);
void api_user_remove(struct http_request *request, void *data);
void api_user_sign_out(struct http_request *request, void *data);
/* api_package.c */
void api_package_list(struct http_request *request, void *data);
void api_package_put(struct http_request *request, void *data);
void api_package_remove(struct http_request *request, void *data);
void api_package_grant(struct http_request *request, void *data);
void api_package_revoke(struct http_request *request, void *data);
void api_package_revoke_audience(struct http_request *request, void *data);
/* api_audit.c */
void api_audit_list(struct http_request *request, void *data);
void api_audit_head(struct http_request *request, void *data);
/* api_plan.c */
void api_plan_list(struct http_request *request, void *data);
void api_plan_give(struct http_request *request, void *data);
void api_plan_take(struct http_request *request, void *data);
/* api_asset.c */
void api_icon(struct http_request *request, void *data);
void api_description(struct http_request *request, void *data);
/* Is there an icon at this path ("/icons/phone.svg")? QVMI_ERROR_INVALID names those that are. */
bool api_icon_check(const char *path, GError **error);
