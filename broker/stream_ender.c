/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "broker/stream_ender.h"

#include "broker/pool_client.h"
#include "broker/session.h"
#include "common/error.h"

#define AGAIN_S 5
#define GIVEN_UP_S 3600 /* a host that was away for so long has lost its viewers */
#define AT_ONCE 64

struct stream_ender {
	struct broker *broker;
	GCancellable *cancellable;
	unsigned asked; /* questions under way */
	bool more;      /* others have ended meanwhile */
	bool again;     /* some may go on */
	guint timer;
};

struct question {
	struct stream_ender *ender;
	char *session;
	bool last; /* no grant of it is valid any more */
};

static gboolean on_timer(void *data)
{
	struct stream_ender *ender = data;
	ender->timer = 0;
	stream_ender_run(ender);
	return G_SOURCE_REMOVE;
}

static void run_later(struct stream_ender *ender)
{
	if (!ender->timer)
		ender->timer = g_timeout_add_seconds(AGAIN_S, on_timer, ender);
}

static void answered(const GError *error, void *data)
{
	struct question *question = data;
	struct stream_ender *ender = question->ender;
	g_autoptr(GError) failure = NULL;
	/* Not found: there was no stream, or there is no such phone any more. */
	bool ended = !error || g_error_matches(error, QVMI_ERROR, QVMI_ERROR_NOT_FOUND);

	if (g_error_matches(error, QVMI_ERROR, QVMI_ERROR_CANCELLED))
		goto out;
	if (!ended)
		g_info("the stream of session %s cannot be ended yet: %s", question->session,
		    error->message);
	if (ended && question->last &&
	    !session_stream_ended(ender->broker->database, question->session, &failure))
		g_warning("the stream of session %s: %s", question->session, failure->message);
	ender->again |= !ended || !question->last;
	if (--ender->asked == 0) {
		if (ender->more)
			stream_ender_run(ender);
		else if (ender->again)
			run_later(ender);
	}
out:
	g_free(question->session);
	g_free(question);
}

static void ask(struct stream_ender *ender, const struct session *session, int64_t now)
{
	struct question *question = g_new0(struct question, 1);
	question->ender = ender;
	question->session = g_strdup(session->id);
	question->last = now > session->ended + ender->broker->grant_lifetime_s;
	ender->asked++;
	pool_client_end_stream(ender->broker->pool, session->phone, session->id, ender->cancellable,
	    answered, question);
}

void stream_ender_run(struct stream_ender *ender)
{
	g_autoptr(GError) error = NULL;
	int64_t now = broker_now(ender->broker);

	ender->more = ender->asked > 0;
	if (ender->more)
		return;
	ender->again = false;
	g_autoptr(GPtrArray) sessions =
	    session_list_streaming(ender->broker->database, now - GIVEN_UP_S, AT_ONCE, &error);
	if (!sessions) {
		g_warning("looking for streams to end: %s", error->message);
		run_later(ender);
		return;
	}
	ender->again = sessions->len == AT_ONCE;
	for (unsigned i = 0; i < sessions->len; i++)
		ask(ender, sessions->pdata[i], now);
}

struct stream_ender *stream_ender_new(struct broker *broker)
{
	struct stream_ender *ender = g_new0(struct stream_ender, 1);
	ender->broker = broker;
	ender->cancellable = g_cancellable_new();
	return ender;
}

void stream_ender_free(struct stream_ender *ender)
{
	if (!ender)
		return;
	if (ender->timer)
		g_source_remove(ender->timer);
	g_object_unref(ender->cancellable);
	g_free(ender);
}
