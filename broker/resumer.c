/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/resumer.h"

#include "broker/api.h"
#include "broker/broker.h"
#include "broker/pass.h"
#include "broker/session.h"
#include "common/database.h"
#include "common/metrics.h"

struct waiting {
	struct http_request *request;
	struct session *session;
	unsigned generation;
	GError *error; /* why not; NULL: so far so good */
};

struct resumer {
	struct broker *broker;
	unsigned n;
	struct waiting waiting[RESUMER_BATCH];
	unsigned idle; /* source id */
};

static void answer(struct resumer *resumer, struct waiting *w)
{
	const struct session *session = w->session;
	const struct session_place place = {.lease = session->lease,
	    .phone = session->phone,
	    .host = session->host,
	    .mtp_address = session->mtp_address,
	    .mtp_port = session->mtp_port,
	    .websocket_port = session->websocket_port};
	JsonObject *pass =
	    w->error ? NULL : pass_json(resumer->broker, w->request, session, &place, &w->error);

	metric_add(resumer->broker->resumptions, pass ? "resumed" : "refused", 1);
	if (pass)
		api_respond(w->request, 200, pass);
	else
		api_fail(w->request, w->error);
	session_free(w->session);
	g_clear_error(&w->error);
}

static bool record(struct resumer *resumer, GError **error)
{
	struct database *database = resumer->broker->database;

	if (!database_begin(database, error))
		return false;
	for (unsigned i = 0; i < resumer->n; i++) {
		struct waiting *w = &resumer->waiting[i];
		session_resume(
		    database, w->session->id, w->generation, &w->session->resumption, &w->error);
	}
	if (database_commit(database, error))
		return true;
	database_rollback(database);
	return false;
}

static void run(struct resumer *resumer)
{
	g_autoptr(GError) error = NULL;
	unsigned n = resumer->n;

	g_clear_handle_id(&resumer->idle, g_source_remove);
	if (!record(resumer, &error))
		for (unsigned i = 0; i < n; i++) {
			g_clear_error(&resumer->waiting[i].error);
			resumer->waiting[i].error = g_error_copy(error);
		}
	resumer->n = 0;
	for (unsigned i = 0; i < n; i++)
		answer(resumer, &resumer->waiting[i]);
}

static gboolean on_idle(void *data)
{
	struct resumer *resumer = data;

	resumer->idle = 0;
	run(resumer);
	return G_SOURCE_REMOVE;
}

void resumer_add(struct resumer *resumer, struct http_request *request, struct session *session,
    unsigned generation)
{
	http_request_hold(request);
	resumer->waiting[resumer->n++] =
	    (struct waiting){.request = request, .session = session, .generation = generation};
	if (resumer->n == RESUMER_BATCH)
		run(resumer);
	else if (!resumer->idle)
		/* As urgent as requests themselves: a loop that is never idle is not waited for. */
		resumer->idle = g_idle_add_full(G_PRIORITY_DEFAULT, on_idle, resumer, NULL);
}

struct resumer *resumer_new(struct broker *broker)
{
	struct resumer *resumer = g_new0(struct resumer, 1);
	resumer->broker = broker;
	return resumer;
}

void resumer_free(struct resumer *resumer)
{
	if (!resumer)
		return;
	if (resumer->n)
		run(resumer);
	g_free(resumer);
}
