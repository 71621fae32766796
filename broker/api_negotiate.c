/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Sign-in with a Kerberos ticket: SPNEGO in HTTP (RFC 4559). */
#include "broker/api.h"

#include <string.h>

#include "broker/broker.h"
#include "broker/caller.h"
#include "common/error.h"
#include "common/metrics.h"

#define SCHEME "Negotiate "

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
	gsize n = 0;
	const guchar *bytes = token ? g_bytes_get_data(token, &n) : NULL;
	g_autofree char *encoded = n ? g_base64_encode(bytes, n) : NULL;
	g_autofree char *proof = g_strconcat(SCHEME, encoded, NULL);
	if (encoded)
		http_request_add_header(request, "www-authenticate", proof);
	const struct api_entrant entrant = {.user = user,
	    .address = negotiation->address,
	    .browser = negotiation->browser,
	    .ticket = true};
	if (!error && api_admit(broker, request, &entrant, &failure))
		return;
	metric_add(broker->sign_ins, "failed", 1);
	api_fail(request, error ? error : failure);
}

/* RFC 4648, strictly: NULL for what is not. Caller unrefs. */
static GBytes *decode(const char *text)
{
	size_t n = strlen(text), padding = 0;
	while (padding < 2 && padding < n && text[n - 1 - padding] == '=')
		padding++;
	for (size_t i = 0; i < n - padding; i++)
		if (!g_ascii_isalnum(text[i]) && text[i] != '+' && text[i] != '/')
			return NULL;
	if (n == 0 || n % 4 != 0)
		return NULL;
	gsize size;
	guchar *bytes = g_base64_decode(text, &size);
	return g_bytes_new_take(bytes, size);
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
	const char *authorization = http_request_header(request, "authorization");
	size_t n = strlen(SCHEME);
	if (!authorization || g_ascii_strncasecmp(authorization, SCHEME, n) != 0) {
		http_request_add_header(request, "www-authenticate", "Negotiate");
		return refuse(broker, request);
	}
	g_autoptr(GBytes) token = decode(authorization + n);
	if (!token)
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
	api_respond(request, 200, object);
}
