/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sign-in with a Kerberos ticket: SPNEGO in HTTP (RFC 4559). */
#include "broker/api.h"

#include "broker/broker.h"
#include "broker/caller.h"
#include "broker/negotiate_token.h"
#include "common/error.h"
#include "common/metrics.h"

struct negotiation {
	struct broker *broker;
	struct http_request *request;
	char *address;
	bool browser;
};

static void negotiation_free(struct negotiation *negotiation)
{
	g_free(negotiation->address);
	g_free(negotiation);
}
DEFINE_CLEANUP(negotiation);

static void refuse(struct broker *broker, struct http_request *request)
{
	g_autoptr(GError) error = g_error_new(QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED,
	    "no valid Kerberos ticket came along: get one (kinit), or sign in with name and "
	    "password");
	metric_add(broker->sign_ins, "refused", 1);
	api_fail(request, error);
}

static void negotiated(const char *user, GBytes *token, const GError *error, void *data)
{
	AUTO(negotiation) negotiation = data;
	struct broker *broker = negotiation->broker;
	struct http_request *request = negotiation->request;
	g_autoptr(GError) failure = NULL;
	if (!user && !error)
		return refuse(broker, request);
	if (token && g_bytes_get_size(token) > 0) {
		g_autofree char *proof = negotiate_token_write(token);
		http_request_add_header(request, "www-authenticate", proof);
	}
	const struct api_entrant entrant = {.user = user,
	    .address = negotiation->address,
	    .browser = negotiation->browser,
	    .ticket = true};
	if (!error && api_admit(broker, request, &entrant, &failure))
		return;
	metric_add(broker->sign_ins, "failed", 1);
	api_fail(request, error ? error : failure);
}

void api_negotiate(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	bool browser;
	/* A ticket comes along by itself, like a cookie: only our own page may make it. */
	if (!browser_check(request, BROWSER_WRITES, &browser, &error))
		return api_fail(request, error);
	if (!broker->authenticator->negotiate) {
		error = g_error_new(QVMI_ERROR, QVMI_ERROR_NOT_FOUND,
		    "this broker knows no Kerberos; sign in with name and password");
		return api_fail(request, error);
	}
	g_autoptr(GBytes) token =
	    negotiate_token_read(http_request_header(request, "authorization"));
	if (!token) {
		http_request_add_header(request, "www-authenticate", "Negotiate");
		return refuse(broker, request);
	}
	if (g_bytes_get_size(token) == 0)
		return refuse(broker, request);
	struct negotiation *negotiation = g_new0(struct negotiation, 1);
	negotiation->broker = broker;
	negotiation->request = request;
	negotiation->address = g_strdup(http_request_peer(request)->address);
	negotiation->browser = browser;
	if (broker->authenticator->negotiate(
	        broker->authenticator_state, token, negotiated, negotiation, &error))
		return http_request_hold(request);
	metric_add(broker->sign_ins, "failed", 1);
	negotiation_free(negotiation);
	api_fail(request, error);
}

void api_ways(struct http_request *request, void *data)
{
	struct broker *broker = data;
	JsonObject *object = json_object_new();
	json_object_set_boolean_member(object, "password", true);
	json_object_set_boolean_member(
	    object, "kerberos", broker->authenticator->negotiate != NULL);
	json_object_set_boolean_member(object, "federation", broker->federation != NULL);
	api_respond(request, 200, object);
}
