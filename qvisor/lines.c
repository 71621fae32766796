/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "qvisor/lines.h"

#include <errno.h>
#include <fcntl.h>
#include <glib-unix.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#include "common/error.h"

struct packet {
	GBytes *bytes;
	size_t sent;
	int fd; /* goes with the first byte; -1: none */
};

struct lines {
	int fd; /* -1: ended */
	size_t max_line, max_queued;
	const struct lines_events *events;
	void *data;
	GByteArray *in;
	size_t scanned; /* bytes of `in` known to hold no line feed */
	GQueue out;     /* struct packet * */
	size_t queued;
	guint read_source, write_source;
	bool freed;
};

static void packet_free(void *pointer)
{
	struct packet *packet = pointer;
	g_bytes_unref(packet->bytes);
	if (packet->fd >= 0)
		close(packet->fd);
	g_free(packet);
}

/* Reference counted (g_rc_box): a callback may free the object that is calling it. */
static void lines_release(void *pointer)
{
	struct lines *lines = pointer;
	g_byte_array_unref(lines->in);
}

static void lines_stop(struct lines *lines)
{
	if (lines->fd < 0)
		return;
	g_clear_handle_id(&lines->read_source, g_source_remove);
	g_clear_handle_id(&lines->write_source, g_source_remove);
	close(lines->fd);
	lines->fd = -1;
	g_queue_clear_full(&lines->out, packet_free);
	lines->queued = 0;
}

static void lines_fail(struct lines *lines, int code, const char *format, ...) G_GNUC_PRINTF(3, 4);
static void lines_fail(struct lines *lines, int code, const char *format, ...)
{
	if (lines->fd < 0)
		return;
	lines_stop(lines);
	va_list arguments;
	va_start(arguments, format);
	g_autoptr(GError) error = g_error_new_valist(QVMI_ERROR, code, format, arguments);
	va_end(arguments);
	if (!lines->freed)
		lines->events->closed(lines->data, error);
}

/* Hands over every whole line in `in`. */
static void lines_deliver(struct lines *lines)
{
	size_t start = 0;
	while (lines->fd >= 0) {
		uint8_t *begin = lines->in->data + start;
		uint8_t *end =
		    memchr(lines->in->data + lines->scanned, '\n', lines->in->len - lines->scanned);
		if (!end) {
			lines->scanned = lines->in->len;
			break;
		}
		size_t n = end - begin;
		start = lines->scanned = end + 1 - lines->in->data;
		if (n && begin[n - 1] == '\r')
			n--;
		if (n > lines->max_line) {
			lines_fail(lines, QVMI_ERROR_TOO_LARGE,
			    "a line of more than %zu bytes came", lines->max_line);
			return;
		}
		if (memchr(begin, 0, n)) {
			lines_fail(lines, QVMI_ERROR_INVALID, "a line with a NUL byte came");
			return;
		}
		begin[n] = 0;
		if (n)
			lines->events->line(lines->data, (const char *)begin, n);
	}
	if (lines->fd < 0)
		return;
	g_byte_array_remove_range(lines->in, 0, start);
	lines->scanned -= start;
	if (lines->in->len > lines->max_line + 1) /* one more for '\r' */
		lines_fail(lines, QVMI_ERROR_TOO_LARGE, "a line of more than %zu bytes came",
		    lines->max_line);
}

static gboolean on_readable(int fd, GIOCondition condition, void *pointer)
{
	(void)condition;
	struct lines *lines = g_rc_box_acquire(pointer);
	char buffer[16384];
	ssize_t n = recv(fd, buffer, sizeof(buffer), MSG_DONTWAIT);
	if (n > 0) {
		g_byte_array_append(lines->in, (uint8_t *)buffer, n);
		lines_deliver(lines);
	} else if (n == 0) {
		lines_fail(
		    lines, QVMI_ERROR_UNAVAILABLE, "the connection was closed by the other end");
	} else if (errno != EAGAIN && errno != EINTR) {
		lines_fail(
		    lines, QVMI_ERROR_UNAVAILABLE, "the connection broke: %s", g_strerror(errno));
	}
	g_rc_box_release_full(lines, lines_release);
	return G_SOURCE_CONTINUE; /* a removed source stays removed */
}

static ssize_t packet_send(int socket, struct packet *packet)
{
	size_t size;
	const char *data = g_bytes_get_data(packet->bytes, &size);
	struct iovec part = {(char *)data + packet->sent, size - packet->sent};
	union {
		struct cmsghdr header;
		char space[CMSG_SPACE(sizeof(int))];
	} control = {.header = {.cmsg_level = SOL_SOCKET,
	                 .cmsg_type = SCM_RIGHTS,
	                 .cmsg_len = CMSG_LEN(sizeof(int))}};
	struct msghdr message = {.msg_iov = &part, .msg_iovlen = 1};
	if (packet->fd >= 0) {
		memcpy(CMSG_DATA(&control.header), &packet->fd, sizeof(int));
		message.msg_control = &control;
		message.msg_controllen = sizeof(control.space);
	}
	return sendmsg(socket, &message, MSG_DONTWAIT | MSG_NOSIGNAL);
}

static gboolean on_writable(int fd, GIOCondition condition, void *pointer);

/* Sends what the socket takes; waits for it to be writable with the rest. */
static void lines_flush(struct lines *lines)
{
	struct packet *packet;
	while ((packet = g_queue_peek_head(&lines->out))) {
		ssize_t n = packet_send(lines->fd, packet);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN) {
			if (!lines->write_source)
				lines->write_source =
				    g_unix_fd_add(lines->fd, G_IO_OUT, on_writable, lines);
			return;
		}
		if (n < 0)
			break; /* the reading side learns of it and says so, outside of the caller's
			          call */
		if (packet->fd >= 0)
			close(packet->fd);
		packet->fd = -1;
		packet->sent += n;
		lines->queued -= n;
		if (packet->sent == g_bytes_get_size(packet->bytes))
			packet_free(g_queue_pop_head(&lines->out));
	}
	g_clear_handle_id(&lines->write_source, g_source_remove);
}

static gboolean on_writable(int fd, GIOCondition condition, void *pointer)
{
	(void)fd, (void)condition;
	lines_flush(pointer);
	return G_SOURCE_CONTINUE;
}

struct lines *lines_new(
    int fd, size_t max_line, size_t max_queued, const struct lines_events *events, void *data)
{
	struct lines *lines = g_rc_box_new0(struct lines);
	lines->fd = fd;
	lines->max_line = max_line;
	lines->max_queued = max_queued;
	lines->events = events;
	lines->data = data;
	lines->in = g_byte_array_new();
	g_queue_init(&lines->out);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	lines->read_source = g_unix_fd_add(fd, G_IO_IN | G_IO_HUP | G_IO_ERR, on_readable, lines);
	return lines;
}

void lines_free(struct lines *lines)
{
	if (!lines)
		return;
	lines->freed = true;
	lines_stop(lines);
	g_rc_box_release_full(lines, lines_release);
}

void lines_send_bytes(struct lines *lines, GBytes *line, int fd)
{
	size_t n = g_bytes_get_size(line);
	if (lines->fd < 0 || lines->queued + n > lines->max_queued) {
		g_bytes_unref(line);
		if (fd >= 0)
			close(fd);
		/* A peer that does not read: shut down, so that `closed` comes from the main loop.
		 */
		if (lines->fd >= 0)
			shutdown(lines->fd, SHUT_RDWR);
		return;
	}
	struct packet *packet = g_new0(struct packet, 1);
	packet->bytes = line;
	packet->fd = fd;
	g_queue_push_tail(&lines->out, packet);
	lines->queued += n;
	if (!lines->write_source)
		lines_flush(lines);
}

void lines_send(struct lines *lines, const char *text, int fd)
{
	char *line = g_strconcat(text, "\n", NULL);
	lines_send_bytes(lines, g_bytes_new_take(line, strlen(line)), fd);
}
