/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/text_layer.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mtp-server/source.h"

#define ASKS_MAX 32 /* that wait, of all viewers */
#define INTERVAL_US G_USEC_PER_SEC

struct ask {
	void *asker;
	uint32_t id;
};

struct text_layer {
	const struct text_layer_events *events;
	void *data;
	GArray *asks;      /* that the next reading answers */
	GArray *answering; /* that the one under way does */
	bool wanted;       /* a process is on its way */
	int fd;            /* to it; -1: none */
	GSource *readable, *writable;
	guint timer;      /* until the next reading may begin */
	int64_t begun_us; /* the last one */

	GByteArray *out; /* a request that the socket has not taken */
	size_t out_sent;
	GByteArray *in;

	bool known;       /* the words below are of that picture */
	uint64_t version; /* of it */
	unsigned width, height;
	GByteArray *words;
};

static void begin(struct text_layer *layer);

static void answer_all(
    struct text_layer *layer, GArray *asks, enum mtp_words_status status, GByteArray *words)
{
	while (asks->len) {
		struct ask ask = g_array_index(asks, struct ask, 0);
		g_array_remove_index(asks, 0);
		if (ask.asker)
			layer->events->answer(ask.asker, ask.id, status, words ? words->data : NULL,
			    words ? words->len : 0, layer->data);
	}
}

/* Whoever waits is told; the next ask begins anew. */
static void drop_process(struct text_layer *layer)
{
	source_clear(&layer->readable);
	source_clear(&layer->writable);
	if (layer->fd >= 0)
		close(layer->fd);
	layer->fd = -1;
	layer->known = false;
	answer_all(layer, layer->answering, MTP_WORDS_UNAVAILABLE, NULL);
}

/* --- the process --- */

static gboolean on_writable(gint fd, GIOCondition condition, gpointer data)
{
	(void)condition;
	struct text_layer *layer = data;
	ssize_t n = send(fd, layer->out->data + layer->out_sent, layer->out->len - layer->out_sent,
	    MSG_NOSIGNAL);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (n < 0) {
		drop_process(layer);
		return G_SOURCE_REMOVE;
	}
	layer->out_sent += (size_t)n;
	if (layer->out_sent < layer->out->len)
		return G_SOURCE_CONTINUE;
	g_byte_array_set_size(layer->out, 0);
	source_clear(&layer->writable);
	return G_SOURCE_REMOVE;
}

/* An answer is there as a whole: true when it was good. */
static bool take_answer(struct text_layer *layer)
{
	uint32_t size;
	if (layer->in->len < sizeof size)
		return true;
	memcpy(&size, layer->in->data, sizeof size);
	if (size > MTP_MAX_WORDS || layer->in->len > sizeof size + size)
		return false;
	if (layer->in->len < sizeof size + size)
		return true;
	if (!layer->answering->len)
		return false; /* nobody has asked */
	g_byte_array_set_size(layer->words, 0);
	g_byte_array_append(layer->words, layer->in->data + sizeof size, size);
	g_byte_array_set_size(layer->in, 0);
	layer->known = true;
	answer_all(layer, layer->answering, MTP_WORDS_READ, layer->words);
	begin(layer);
	return true;
}

static gboolean on_readable(gint fd, GIOCondition condition, gpointer data)
{
	(void)condition;
	struct text_layer *layer = data;
	uint8_t bytes[16384];
	ssize_t n = recv(fd, bytes, sizeof bytes, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (n > 0)
		g_byte_array_append(layer->in, bytes, (guint)n);
	if (n <= 0 || !take_answer(layer))
		drop_process(layer);
	return layer->readable ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

void text_layer_give(struct text_layer *layer, int fd)
{
	if (layer->fd >= 0 || !layer->wanted) {
		close(fd);
		return;
	}
	layer->wanted = false;
	layer->fd = fd;
	g_unix_set_fd_nonblocking(fd, TRUE, NULL);
	g_byte_array_set_size(layer->in, 0);
	g_byte_array_set_size(layer->out, 0);
	layer->readable = source_watch(fd, G_IO_IN | G_IO_HUP, on_readable, layer);
	begin(layer);
}

void text_layer_refuse(struct text_layer *layer)
{
	layer->wanted = false;
	answer_all(layer, layer->asks, MTP_WORDS_UNAVAILABLE, NULL);
}

/* --- a reading --- */

static gboolean on_timer(gpointer data)
{
	struct text_layer *layer = data;
	layer->timer = 0;
	begin(layer);
	return G_SOURCE_REMOVE;
}

static void send_picture(struct text_layer *layer, const struct picture *picture)
{
	struct text_layer_request request = {picture->width, picture->height};
	size_t size = (size_t)picture->width * picture->height * sizeof *picture->now;
	layer->version = picture->version;
	layer->width = picture->width;
	layer->height = picture->height;
	layer->known = false;
	layer->out_sent = 0;
	g_byte_array_append(layer->out, (const uint8_t *)&request, sizeof request);
	g_byte_array_append(layer->out, (const uint8_t *)picture->now, (guint)size);
	layer->writable = source_watch(layer->fd, G_IO_OUT, on_writable, layer);
}

static bool is_known(const struct text_layer *layer, const struct picture *picture)
{
	return layer->known && layer->version == picture->version &&
	       layer->width == picture->width && layer->height == picture->height;
}

/* If somebody asks, and it is time. */
static void begin(struct text_layer *layer)
{
	if (!layer->asks->len || layer->answering->len || layer->timer)
		return;
	const struct picture *picture = layer->events->look(layer->data);
	if (!picture) {
		answer_all(layer, layer->asks, MTP_WORDS_BUSY, NULL);
		return;
	}
	if (is_known(layer, picture)) {
		answer_all(layer, layer->asks, MTP_WORDS_READ, layer->words);
		return;
	}
	if (layer->fd < 0) {
		if (!layer->wanted) {
			layer->wanted = true;
			layer->events->wants_process(layer->data);
		}
		return;
	}
	int64_t wait_us = layer->begun_us + INTERVAL_US - g_get_monotonic_time();
	if (layer->begun_us && wait_us > 0) {
		layer->timer = g_timeout_add((guint)(wait_us / 1000 + 1), on_timer, layer);
		return;
	}
	layer->begun_us = g_get_monotonic_time();
	GArray *none = layer->answering;
	layer->answering = layer->asks;
	layer->asks = none;
	send_picture(layer, picture);
}

void text_layer_ask(struct text_layer *layer, void *asker, uint32_t id)
{
	if (layer->asks->len >= ASKS_MAX) {
		layer->events->answer(asker, id, MTP_WORDS_BUSY, NULL, 0, layer->data);
		return;
	}
	struct ask ask = {asker, id};
	g_array_append_val(layer->asks, ask);
	begin(layer);
}

static void forget(GArray *asks, const void *asker)
{
	for (guint i = asks->len; i-- > 0;)
		if (g_array_index(asks, struct ask, i).asker == asker)
			g_array_remove_index(asks, i);
}

void text_layer_forget(struct text_layer *layer, void *asker)
{
	forget(layer->asks, asker);
	/* The reading goes on: its answer is for the next who asks. */
	for (guint i = 0; i < layer->answering->len; i++) {
		struct ask *ask = &g_array_index(layer->answering, struct ask, i);
		if (ask->asker == asker)
			ask->asker = NULL;
	}
}

struct text_layer *text_layer_new(const struct text_layer_events *events, void *data)
{
	struct text_layer *layer = g_new0(struct text_layer, 1);
	layer->events = events;
	layer->data = data;
	layer->fd = -1;
	layer->asks = g_array_new(FALSE, FALSE, sizeof(struct ask));
	layer->answering = g_array_new(FALSE, FALSE, sizeof(struct ask));
	layer->in = g_byte_array_new();
	layer->out = g_byte_array_new();
	layer->words = g_byte_array_new();
	return layer;
}

void text_layer_free(struct text_layer *layer)
{
	if (!layer)
		return;
	g_array_set_size(layer->answering, 0);
	drop_process(layer);
	if (layer->timer)
		g_source_remove(layer->timer);
	g_array_unref(layer->asks);
	g_array_unref(layer->answering);
	g_byte_array_unref(layer->in);
	g_byte_array_unref(layer->out);
	g_byte_array_unref(layer->words);
	g_free(layer);
}
