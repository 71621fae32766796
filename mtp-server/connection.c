/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/connection.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "common/error.h"
#include "mtp-server/bye.h"
#include "mtp-server/pump.h"

#define HELLO_S 10 /* from connecting to a whole HELLO */
#define BYE_S 2    /* for the worker to say BYE in its own words */

struct connection {
	const struct connection_events *events;
	void *data;
	struct stream *stream; /* NULL: closed */
	const struct admission *admission;
	struct worker_pool *pool;
	struct mtp_deframer deframer;
	uint8_t buffer[MTP_FRAME_HEADER + MTP_MAX_TO_SERVER];
	struct admitted admitted; /* grant NULL: not yet */
	struct pump *pump;
	int64_t since; /* seconds since the epoch, of admission */
	bool looks_on; /* another terminal drives the phone */
	uint64_t bytes;
	guint timer, ending;
	char *address;
};

static gboolean on_ending(gpointer data)
{
	struct connection *c = data;
	c->ending = 0;
	c->events->ended(c, c->data);
	return G_SOURCE_REMOVE;
}

static void remove_source(guint *id)
{
	if (*id)
		g_source_remove(*id);
	*id = 0;
}

static void end(struct connection *c)
{
	if (c->ending)
		return;
	remove_source(&c->timer);
	worker_pool_leave(c->pool, c);
	if (c->pump) {
		c->bytes = pump_bytes_down(c->pump);
		g_clear_pointer(&c->pump, pump_free);
	}
	if (c->stream)
		stream_close(g_steal_pointer(&c->stream));
	c->ending = g_idle_add(on_ending, c);
}

static void refuse(struct connection *c, enum mtp_bye_code code, const char *reason)
{
	if (c->ending)
		return;
	g_message("%s: %s: %s", c->address, mtp_bye_code_word(code), reason);
	/* The worker has said nothing yet, so it is for us to speak. */
	uint8_t bytes[BYE_SIZE_MAX];
	if (c->stream)
		stream_write(c->stream, bytes, bye_write(code, reason, bytes));
	end(c);
}

static gboolean on_late(gpointer data)
{
	struct connection *c = data;
	c->timer = 0;
	if (c->admitted.grant)
		end(c);
	else
		refuse(c, MTP_BYE_TIMEOUT, "no HELLO came within 10 s");
	return G_SOURCE_REMOVE;
}

static void on_pump_ended(void *data)
{
	struct connection *c = data;
	if (pump_bytes_down(c->pump) == 0)
		refuse(c, MTP_BYE_PHONE_GONE, "the phone's display ended; connect again");
	else
		end(c);
}

static void on_worker_failed(const GError *error, void *data)
{
	bool busy = g_error_matches(error, QVMI_ERROR, QVMI_ERROR_EXHAUSTED) ||
	            g_error_matches(error, QVMI_ERROR, QVMI_ERROR_TIMEOUT);
	refuse(data, busy ? MTP_BYE_OVERLOADED : MTP_BYE_PHONE_GONE, error->message);
}

/* The rest of the stream is between the terminal and the worker. */
static void join(struct connection *c, const uint8_t *rest, size_t n)
{
	int pair[2];
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) != 0) {
		refuse(c, MTP_BYE_OVERLOADED, "this host has no descriptors left; try again later");
		return;
	}
	const struct grant *grant = c->admitted.grant;
	c->since = g_get_real_time() / G_USEC_PER_SEC;
	g_message("%s: session %s of %s on phone %s begins (%s)", c->address, grant->session,
	    grant->user, grant->phone, c->admitted.model);
	c->events->admitted(c, c->data);
	c->pump = pump_new(c->stream, pair[0], on_pump_ended, c);
	if (n)
		pump_receive(c->pump, rest, n);
	struct worker_viewer viewer = {.phone = grant->phone,
	    .session = grant->session,
	    .version = c->admitted.version,
	    .codecs = c->admitted.codecs,
	    .may_input = connection_drives(c),
	    .terminal = c->admitted.terminal,
	    .place = c->admitted.place};
	worker_pool_join(c->pool, &viewer, pair[1], on_worker_failed, c);
}

static void on_receive(struct stream *stream, const void *data, size_t n, void *context)
{
	(void)stream;
	struct connection *c = context;
	if (c->ending)
		return;
	if (c->pump) {
		pump_receive(c->pump, data, n);
		return;
	}
	const uint8_t *bytes = data;
	struct mtp_frame frame;
	enum mtp_result result = mtp_deframer_next(&c->deframer, &bytes, &n, &frame);
	if (result == MTP_AGAIN)
		return;
	if (result == MTP_MALFORMED) {
		refuse(c, MTP_BYE_PROTOCOL, "the first message is longer than 8192 bytes");
		return;
	}
	g_autoptr(GError) error = NULL;
	enum mtp_bye_code code;
	if (!admission_check(c->admission, &frame, g_get_real_time() / G_USEC_PER_SEC, &c->admitted,
	        &code, &error)) {
		refuse(c, code, error->message);
		return;
	}
	remove_source(&c->timer);
	join(c, bytes, n);
}

static void on_writable(struct stream *stream, void *data)
{
	(void)stream;
	struct connection *c = data;
	if (c->pump)
		pump_writable(c->pump);
}

static void on_closed(struct stream *stream, void *data)
{
	(void)stream;
	end(data);
}

struct connection *connection_new(struct stream *stream, const struct admission *admission,
    struct worker_pool *pool, const struct connection_events *events, void *data)
{
	static const struct stream_events stream_events = {
	    .receive = on_receive, .writable = on_writable, .closed = on_closed};
	struct connection *c = g_new0(struct connection, 1);
	c->events = events;
	c->data = data;
	c->stream = stream;
	c->address = g_strdup(stream->address);
	c->admission = admission;
	c->pool = pool;
	mtp_deframer_init(&c->deframer, c->buffer, MTP_MAX_TO_SERVER);
	c->timer = g_timeout_add_seconds(HELLO_S, on_late, c);
	stream->events = &stream_events;
	stream->data = c;
	return c;
}

void connection_free(struct connection *c)
{
	if (!c)
		return;
	end(c);
	remove_source(&c->ending);
	if (c->admitted.grant)
		g_message("%s: session %s ends after %" G_GUINT64_FORMAT " bytes", c->address,
		    c->admitted.grant->session, c->bytes);
	admitted_clear(&c->admitted);
	g_free(c->address);
	g_free(c);
}

bool connection_is_admitted(const struct connection *c)
{
	return c->admitted.grant != NULL;
}

const char *connection_address(const struct connection *c)
{
	return c->address;
}

const char *connection_session(const struct connection *c)
{
	return c->admitted.grant ? c->admitted.grant->session : NULL;
}

const char *connection_phone(const struct connection *c)
{
	return c->admitted.grant ? c->admitted.grant->phone : NULL;
}

const char *connection_second(const struct connection *c)
{
	return c->admitted.grant ? c->admitted.grant->second : NULL;
}

bool connection_drives(const struct connection *c)
{
	return c->admitted.grant && !c->ending && !c->looks_on &&
	       g_strcmp0(c->admitted.grant->role, "viewer") != 0;
}

void connection_look_on(struct connection *c)
{
	c->looks_on = true;
}

JsonObject *connection_json(const struct connection *c)
{
	const struct grant *grant = c->admitted.grant;
	g_autoptr(GDateTime) since = g_date_time_new_from_unix_utc(c->since);
	g_autofree char *text = g_date_time_format_iso8601(since);
	JsonObject *object = json_object_new();
	json_object_set_string_member(object, "session", grant->session);
	json_object_set_string_member(object, "user", grant->user);
	json_object_set_string_member(object, "phone", grant->phone);
	json_object_set_string_member(object, "address", c->address);
	json_object_set_string_member(object, "model", c->admitted.model);
	json_object_set_string_member(object, "since", text);
	json_object_set_boolean_member(object, "drives", connection_drives(c));
	json_object_set_int_member(
	    object, "frames", (gint64)worker_pool_frames(c->pool, grant->phone, grant->session));
	json_object_set_int_member(
	    object, "bytes", c->pump ? (gint64)pump_bytes_down(c->pump) : (gint64)c->bytes);
	return object;
}

void connection_bye(struct connection *c, enum mtp_bye_code code, const char *reason)
{
	if (c->ending)
		return;
	if (!c->pump || pump_bytes_down(c->pump) == 0) {
		refuse(c, code, reason);
		return;
	}
	worker_pool_end(
	    c->pool, c->admitted.grant->phone, c->admitted.grant->session, code, reason);
	if (!c->timer)
		c->timer = g_timeout_add_seconds(BYE_S, on_late, c);
}
