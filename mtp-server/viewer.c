/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/viewer.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mtp-server/bye.h"
#include "mtp-server/source.h"

#define TEXT_BEHIND (MTP_MAX_TO_CLIENT + (128u << 10)) /* more than an update and a text */
#define PONGS_MAX 16                                   /* queued; more are not answered */
#define SILENCE_US (45 * G_USEC_PER_SEC)
#define BYE_US (2 * G_USEC_PER_SEC) /* to take the last bytes */

struct viewer {
	const struct viewer_events *events;
	void *data;
	char *session;
	bool may_input;
	struct mtp_terminal terminal;
	struct feed *feed;

	int fd;
	GSource *readable, *writable; /* NULL: not waited for */
	GSource *closing;             /* closed() is on its way */
	bool paused;
	int64_t heard_us, bye_us; /* bye_us: 0 until BYE has been said */

	struct mtp_deframer deframer;
	uint8_t buffer[MTP_FRAME_HEADER + MTP_MAX_TO_SERVER];
	GByteArray *out; /* what the stream has not taken; an update at most, and small messages */
	size_t out_sent;
	unsigned pongs; /* in out */

	struct input_holder holder;
};

static gboolean on_writable(gint fd, GIOCondition condition, gpointer data);
static gboolean on_readable(gint fd, GIOCondition condition, gpointer data);

static gboolean on_closing(gpointer data)
{
	struct viewer *v = data;
	source_clear(&v->closing);
	v->events->closed(v, v->data);
	return G_SOURCE_REMOVE;
}

static void close_soon(struct viewer *v)
{
	if (v->closing)
		return;
	source_clear(&v->readable);
	source_clear(&v->writable);
	v->closing = g_idle_source_new();
	g_source_set_callback(v->closing, on_closing, v, NULL);
	g_source_attach(v->closing, NULL);
}

/* --- sending --- */

static void flush(struct viewer *v)
{
	while (v->out_sent < v->out->len) {
		ssize_t n = send(
		    v->fd, v->out->data + v->out_sent, v->out->len - v->out_sent, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			if (!v->writable)
				v->writable = source_watch(v->fd, G_IO_OUT, on_writable, v);
			return;
		}
		if (n < 0) {
			close_soon(v);
			return;
		}
		v->out_sent += (size_t)n;
	}
	g_byte_array_set_size(v->out, 0);
	v->out_sent = 0;
	v->pongs = 0;
	source_clear(&v->writable);
	if (v->bye_us)
		close_soon(v);
}

static gboolean on_writable(gint fd, GIOCondition condition, gpointer data)
{
	(void)fd, (void)condition;
	struct viewer *v = data;
	/* flush() may drop the source that calls us. */
	flush(v);
	if (!v->closing && !v->out->len)
		v->events->wants(v, v->data);
	return v->writable ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

static void send_bytes(struct viewer *v, const void *bytes, size_t n)
{
	if (v->closing)
		return;
	g_byte_array_append(v->out, bytes, (guint)n);
	if (!v->writable)
		flush(v);
}

static void send_message(struct viewer *v, const struct mtp_message *message)
{
	uint8_t bytes[512];
	struct mtp_writer w = mtp_writer_of(bytes, sizeof bytes);
	mtp_message_encode(message, &w);
	g_assert(!w.failed);
	send_bytes(v, bytes, w.size);
}

void viewer_words(
    struct viewer *v, uint32_t id, enum mtp_words_status status, const uint8_t *words, size_t n)
{
	if (v->bye_us || v->out->len > TEXT_BEHIND)
		return;
	const struct mtp_message message = {
	    .type = MTP_TYPE_WORDS, .words = {id, (uint8_t)status, {words, n}}};
	g_autofree uint8_t *bytes = g_malloc(n + 64);
	struct mtp_writer w = mtp_writer_of(bytes, n + 64);
	mtp_message_encode(&message, &w);
	g_assert(!w.failed);
	send_bytes(v, bytes, w.size);
}

void viewer_bye(struct viewer *v, enum mtp_bye_code code, const char *reason)
{
	if (v->bye_us || v->closing)
		return;
	v->bye_us = g_get_monotonic_time();
	source_clear(&v->readable);
	uint8_t bytes[BYE_SIZE_MAX];
	send_bytes(v, bytes, bye_write(code, reason, bytes));
}

/* --- receiving --- */

static void on_ack(struct viewer *v, const struct mtp_ack *ack)
{
	if (feed_acknowledge(v->feed, ack->sequence))
		v->events->wants(v, v->data);
	else
		viewer_bye(v, MTP_BYE_PROTOCOL, "acknowledged what was never sent");
}

static void on_message(struct viewer *v, const struct mtp_message *message)
{
	switch (message->type) {
	case MTP_TYPE_ACK:
		on_ack(v, &message->ack);
		break;
	case MTP_TYPE_REFRESH:
		feed_refresh(v->feed);
		v->events->wants(v, v->data);
		break;
	case MTP_TYPE_REPAIR:
		feed_repair(v->feed);
		v->events->wants(v, v->data);
		break;
	case MTP_TYPE_POINTER:
	case MTP_TYPE_TOUCH:
	case MTP_TYPE_KEY:
		if (v->may_input)
			v->events->input(v, message, v->data);
		break;
	case MTP_TYPE_READ:
		v->events->read(v, message->read.id, v->data);
		break;
	case MTP_TYPE_TERMINAL:
		v->terminal = message->terminal;
		v->events->terminal(v, &message->terminal, v->data);
		break;
	case MTP_TYPE_PING:
		if (v->pongs++ < PONGS_MAX)
			send_message(v, &(struct mtp_message){.type = MTP_TYPE_PONG,
			                    .pong = {.nonce = message->ping.nonce}});
		break;
	case MTP_TYPE_BYE:
		close_soon(v);
		break;
	case MTP_TYPE_HELLO:
		viewer_bye(v, MTP_BYE_PROTOCOL, "HELLO twice");
		break;
	default:
		break;
	}
}

static void on_bytes(struct viewer *v, const uint8_t *bytes, size_t n)
{
	struct mtp_frame frame;
	enum mtp_result result = MTP_AGAIN;
	while (!v->bye_us && !v->closing &&
	       (result = mtp_deframer_next(&v->deframer, &bytes, &n, &frame)) == MTP_OK) {
		struct mtp_message message;
		result = mtp_message_decode(&message, MTP_BY_CLIENT, &frame);
		if (result == MTP_OK)
			on_message(v, &message);
		else if (result == MTP_MALFORMED)
			break;
	}
	if (result == MTP_MALFORMED)
		viewer_bye(v, MTP_BYE_PROTOCOL, "a message is malformed or too long");
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer data)
{
	(void)condition;
	struct viewer *v = data;
	uint8_t bytes[4096];
	ssize_t n = recv(fd, bytes, sizeof bytes, 0);
	if (n > 0) {
		v->heard_us = g_get_monotonic_time();
		on_bytes(v, bytes, (size_t)n);
	} else if (n == 0 || (errno != EAGAIN && errno != EINTR)) {
		close_soon(v);
	}
	return v->readable ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

void viewer_pause(struct viewer *v, bool paused)
{
	if (v->closing || v->bye_us || paused == !v->readable)
		return;
	if (paused)
		source_clear(&v->readable);
	else
		v->readable = source_watch(v->fd, G_IO_IN, on_readable, v);
	v->paused = paused;
	v->heard_us = g_get_monotonic_time();
}

void viewer_tick(struct viewer *v, int64_t now_us)
{
	if (v->bye_us && now_us - v->bye_us > BYE_US)
		close_soon(v);
	else if (!v->paused && now_us - v->heard_us > SILENCE_US)
		viewer_bye(v, MTP_BYE_TIMEOUT, "nothing was heard for 45 s");
}

/* --- the feed's sink --- */

static void sink_send(void *data, const void *bytes, size_t n)
{
	struct viewer *v = data;
	if (!v->bye_us)
		send_bytes(v, bytes, n);
}

static bool sink_is_free(void *data)
{
	const struct viewer *v = data;
	return !v->closing && !v->bye_us && v->out->len == 0;
}

static int64_t sink_now(void *data)
{
	(void)data;
	return g_get_monotonic_time();
}

/* --- the viewer --- */

struct viewer *viewer_new(int fd, const struct viewer_options *options,
    const struct picture *picture, const struct memory *memory, const struct viewer_events *events,
    void *data)
{
	static const struct feed_sink sink = {
	    .send = sink_send, .is_free = sink_is_free, .now_us = sink_now};
	struct viewer *v = g_new0(struct viewer, 1);
	v->events = events;
	v->data = data;
	v->session = g_strdup(options->session);
	v->may_input = options->may_input;
	v->terminal = options->terminal;
	v->feed = feed_new(options->codecs, picture, &sink, v);
	if (memory)
		feed_resume(v->feed, picture, memory, options->place.sequence);
	v->fd = fd;
	v->heard_us = g_get_monotonic_time();
	mtp_deframer_init(&v->deframer, v->buffer, MTP_MAX_TO_SERVER);
	v->out = g_byte_array_new();
	g_unix_set_fd_nonblocking(fd, TRUE, NULL);
	v->readable = source_watch(fd, G_IO_IN, on_readable, v);
	feed_welcome(v->feed, picture, options->version, options->touch_points, v->session);
	return v;
}

void viewer_free(struct viewer *v)
{
	if (!v)
		return;
	source_clear(&v->readable);
	source_clear(&v->writable);
	source_clear(&v->closing);
	close(v->fd);
	g_byte_array_unref(v->out);
	feed_free(v->feed);
	g_free(v->session);
	g_free(v);
}

const char *viewer_session(const struct viewer *v)
{
	return v->session;
}

struct input_holder *viewer_holder(struct viewer *v)
{
	return &v->holder;
}

struct feed *viewer_feed(const struct viewer *v)
{
	return v->feed;
}
const struct mtp_terminal *viewer_terminal(const struct viewer *v)
{
	return &v->terminal;
}
