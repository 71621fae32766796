/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/pass.h"

#include "broker/api.h"
#include "broker/broker.h"
#include "broker/mtp_address.h"
#include "broker/resumption.h"
#include "broker/session.h"
#include "broker/session_policy.h"
#include "common/grant.h"

static char *sign(struct broker *broker, const struct session *session,
    const struct session_place *place, int64_t *expires, GError **error)
{
	int64_t now = broker_now(broker);
	struct session_policy policy;
	if (!session_policy_load(broker->database, session->package, &policy, error))
		return NULL;
	AUTO(grant) grant = g_new0(struct grant, 1);
	grant->host = g_strdup(place->host);
	grant->user = g_strdup(session->user);
	grant->phone = g_strdup(place->phone);
	grant->session = g_strdup(session->id);
	grant->role = g_strdup("user");
	grant->client_key = g_strdup(session->client_key);
	grant->second = g_strdup(policy.second_terminal);
	grant->not_before = now;
	grant->expires = *expires = now + broker->grant_lifetime_s;
	return grant_sign(grant_key_file_key(broker->grant_keys), grant, error);
}

JsonObject *pass_json(struct broker *broker, struct http_request *request,
    const struct session *session, const struct session_place *place, GError **error)
{
	int64_t until;
	g_autofree char *host =
	    mtp_address_host(place->mtp_address, http_request_header(request, "host"), error);
	g_autofree char *grant = host ? sign(broker, session, place, &until, error) : NULL;
	if (!grant)
		return NULL;
	g_autofree char *expires = api_time(until);
	g_autofree char *websocket = mtp_address_websocket(host, place->websocket_port);
	JsonObject *phone = json_object_new();
	json_object_set_string_member(phone, "uuid", place->phone);
	JsonObject *mtp = json_object_new();
	json_object_set_string_member(mtp, "host", host);
	json_object_set_int_member(mtp, "port", place->mtp_port);
	JsonObject *pass = json_object_new();
	json_object_set_string_member(pass, "session", session->id);
	json_object_set_string_member(pass, "package", session->package);
	json_object_set_object_member(pass, "phone", phone);
	json_object_set_string_member(pass, "grant", grant);
	json_object_set_string_member(pass, "expires", expires);
	json_object_set_object_member(pass, "mtp", mtp);
	json_object_set_string_member(pass, "websocket", websocket);
	if (session->client_key) {
		g_autofree char *token = resumption_token(grant_key_file_key(broker->grant_keys),
		    session->id, (uint32_t)session->resumption);
		json_object_set_string_member(pass, "resumption", token);
	}
	return pass;
}
