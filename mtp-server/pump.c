/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mtp-server/pump.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "mtp-server/source.h"

#define DOWN_MAX (64u << 10) /* buffer towards the terminal */
#define UP_HIGH (16u << 10)  /* towards the worker: where the stream is paused, */
#define UP_MAX (2u << 20)    /* and where a stream that goes on all the same is cut */

struct pump {
	struct stream *stream;
	int fd;
	pump_ended ended;
	void *data;
	GSource *readable, *writable; /* of fd; NULL: not waited for */
	GByteArray *up;
	uint8_t down[DOWN_MAX];
	size_t down_start, down_end;
	uint64_t bytes_down;
	bool worker_closed, told;
};

/* May free the pump. */
static void tell(struct pump *p)
{
	source_clear(&p->readable);
	source_clear(&p->writable);
	if (p->told)
		return;
	p->told = true;
	p->ended(p->data);
}

/* --- up: terminal to worker --- */

static gboolean on_fd_writable(gint fd, GIOCondition condition, gpointer data);

static void push_up(struct pump *p)
{
	size_t done = 0;
	while (done < p->up->len) {
		ssize_t n = send(p->fd, p->up->data + done, p->up->len - done, MSG_NOSIGNAL);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno != EAGAIN) /* reading will tell */
			done = p->up->len;
		if (n < 0)
			break;
		done += (size_t)n;
	}
	if (done)
		g_byte_array_remove_range(p->up, 0, (guint)done);
	if (!p->up->len)
		source_clear(&p->writable);
	else if (!p->writable)
		p->writable = source_watch(p->fd, G_IO_OUT, on_fd_writable, p);
	stream_pause(p->stream, p->up->len > UP_HIGH);
}

static gboolean on_fd_writable(gint fd, GIOCondition condition, gpointer data)
{
	(void)fd, (void)condition;
	struct pump *p = data;
	push_up(p);
	return p->writable ? G_SOURCE_CONTINUE : G_SOURCE_REMOVE;
}

void pump_receive(struct pump *p, const void *bytes, size_t n)
{
	if (p->told || p->worker_closed)
		return;
	if (p->up->len + n > UP_MAX) {
		tell(p);
		return;
	}
	g_byte_array_append(p->up, bytes, (guint)n);
	push_up(p);
}

/* --- down: worker to terminal --- */

static gboolean on_fd_readable(gint fd, GIOCondition condition, gpointer data);

/* Writes what is buffered; true when the buffer is empty. */
static bool push_down(struct pump *p)
{
	size_t n = stream_write(p->stream, p->down + p->down_start, p->down_end - p->down_start);
	p->down_start += n;
	p->bytes_down += n;
	if (p->down_start < p->down_end)
		return false;
	p->down_start = p->down_end = 0;
	return true;
}

static gboolean on_fd_readable(gint fd, GIOCondition condition, gpointer data)
{
	(void)condition;
	struct pump *p = data;
	ssize_t n = recv(fd, p->down, sizeof p->down, 0);
	if (n < 0 && (errno == EAGAIN || errno == EINTR))
		return G_SOURCE_CONTINUE;
	if (n <= 0) {
		p->worker_closed = true;
		tell(p);
		return G_SOURCE_REMOVE;
	}
	p->down_end = (size_t)n;
	if (push_down(p))
		return G_SOURCE_CONTINUE;
	/* The stream is full: the worker waits. */
	source_clear(&p->readable);
	return G_SOURCE_REMOVE;
}

void pump_writable(struct pump *p)
{
	if (!p->told && !p->readable && push_down(p))
		p->readable = source_watch(p->fd, G_IO_IN, on_fd_readable, p);
}

struct pump *pump_new(struct stream *stream, int fd, pump_ended ended, void *data)
{
	struct pump *p = g_new0(struct pump, 1);
	p->stream = stream;
	p->fd = fd;
	p->ended = ended;
	p->data = data;
	p->up = g_byte_array_new();
	g_unix_set_fd_nonblocking(fd, TRUE, NULL);
	p->readable = source_watch(p->fd, G_IO_IN, on_fd_readable, p);
	return p;
}

void pump_free(struct pump *p)
{
	if (!p)
		return;
	source_clear(&p->readable);
	source_clear(&p->writable);
	close(p->fd);
	g_byte_array_unref(p->up);
	g_free(p);
}

uint64_t pump_bytes_down(const struct pump *p)
{
	return p->bytes_down;
}
