/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A terminal comes back to its session: by a token that it was given and its own key, without a
 * sign-in and without asking the pool. */
#include <string.h>

#include "broker/api.h"
#include "broker/broker.h"
#include "broker/package.h"
#include "broker/resumer.h"
#include "broker/resumption.h"
#include "broker/session.h"
#include "common/client_key.h"
#include "common/error.h"
#include "common/json.h"
#include "common/metrics.h"

static bool refuse(GError **error)
{
	g_set_error_literal(error, QVMI_ERROR, QVMI_ERROR_UNAUTHENTICATED,
	    "this resumption token is not of an open session of this terminal; open the session "
	    "again");
	return false;
}

/* From what costs least to what costs most; a stranger learns from none of them which it was. */
static struct session *check(struct broker *broker, const char *token, const char *proof,
    struct resumption *resumption, GError **error)
{
	if (!resumption_read(token, resumption) ||
	    !resumption_check(grant_key_file_key(broker->grant_keys), token)) {
		refuse(error);
		return NULL;
	}
	AUTO(session)
	session =
	    session_find_open(broker->database, resumption->session, broker_now(broker), error);
	if (!session)
		return NULL;
	if (!session->client_key || !client_key_verify(session->client_key, CLIENT_KEY_RESUME,
	                                token, strlen(token), proof, strlen(proof))) {
		refuse(error);
		return NULL;
	}
	/* What has been taken away meanwhile is not resumed. */
	AUTO(package)
	package = package_for_user(broker->database, session->package, session->user, error);
	return package ? g_steal_pointer(&session) : NULL;
}

void api_resume(struct http_request *request, void *data)
{
	struct broker *broker = data;
	g_autoptr(GError) error = NULL;
	struct resumption resumption;
	JsonObject *body = api_body(request, &error);
	const char *token =
	    body ? json_get_string(body, "resumption", RESUMPTION_SIZE, &error) : NULL;
	const char *proof =
	    token ? json_get_string(body, "proof", CLIENT_KEY_PROOF_SIZE, &error) : NULL;
	struct session *session = proof ? check(broker, token, proof, &resumption, &error) : NULL;
	if (!session) {
		metric_add(broker->resumptions, "refused", 1);
		return api_fail(request, error);
	}
	resumer_add(broker->resumer, request, session, resumption.generation);
}
