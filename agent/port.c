/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "agent/port.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static bool name_matches(const char *sysfs, const char *entry, const char *name)
{
	char path[512], found[128];
	int n = snprintf(path, sizeof(path), "%s/%s/name", sysfs, entry);
	if (n < 0 || (size_t)n >= sizeof(path))
		return false;
	FILE *file = fopen(path, "re");
	if (!file)
		return false;
	bool matches = fgets(found, sizeof(found), file) != NULL;
	fclose(file);
	if (!matches)
		return false;
	found[strcspn(found, "\n")] = '\0';
	return strcmp(found, name) == 0;
}

int port_open(const char *sysfs, const char *dev, const char *name)
{
	DIR *dir = opendir(sysfs);
	if (!dir)
		return -1;
	int fd = -1;
	errno = ENOENT;
	for (struct dirent *entry = readdir(dir); entry; entry = readdir(dir)) {
		if (entry->d_name[0] == '.' || !name_matches(sysfs, entry->d_name, name))
			continue;
		char path[512];
		int n = snprintf(path, sizeof(path), "%s/%s", dev, entry->d_name);
		if (n > 0 && (size_t)n < sizeof(path))
			fd = open(path, O_RDWR | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
		break;
	}
	int saved = errno;
	closedir(dir);
	errno = saved;
	if (fd < 0 && errno == 0)
		errno = ENOENT;
	return fd;
}

void port_init(struct port *port, int fd, const struct port_events *events, void *context)
{
	port->fd = fd;
	port->events = events;
	port->context = context;
	port->connected = false;
	port->skipping = false;
	port->in_length = port->out_start = port->out_length = 0;
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}

void port_finish(struct port *port)
{
	if (port->fd >= 0)
		close(port->fd);
	port->fd = -1;
	port->connected = false;
}

static void forget(struct port *port)
{
	port->skipping = false;
	port->in_length = port->out_start = port->out_length = 0;
}

static void flush(struct port *port)
{
	while (port->out_length > 0) {
		ssize_t n = write(port->fd, port->out + port->out_start, port->out_length);
		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return;
		port->out_start += (size_t)n;
		port->out_length -= (size_t)n;
	}
	port->out_start = 0;
}

static bool room_for_answer(const struct port *port)
{
	return PORT_OUT_MAX - port->out_length > PORT_LINE_MAX;
}

/* Delivers the complete lines that are there; scanned is how much of the buffer is known to hold no
 * LF. */
static void deliver(struct port *port, size_t scanned)
{
	size_t start = 0;
	while (room_for_answer(port)) {
		char *text = port->in + start;
		char *end = memchr(port->in + (scanned > start ? scanned : start), '\n',
		    port->in_length - (scanned > start ? scanned : start));
		if (!end)
			break;
		size_t length = (size_t)(end - text);
		start += length + 1;
		if (port->skipping)
			port->skipping = false;
		else if (length > 0)
			port->events->line(port->context, text, length);
		flush(port);
	}
	port->in_length -= start;
	memmove(port->in, port->in + start, port->in_length);
	if (port->in_length == sizeof(port->in) && !memchr(port->in, '\n', port->in_length)) {
		if (!port->skipping)
			port->events->overlong(port->context);
		port->skipping = true;
		port->in_length = 0;
	}
}

/* Is the host's end closed? False when that cannot even be asked. */
static bool poll_closed(const struct port *port, bool *closed)
{
	struct pollfd p = {.fd = port->fd, .events = POLLIN | POLLOUT};
	if (poll(&p, 1, 0) < 0 || (p.revents & POLLNVAL))
		return false;
	*closed = p.revents & (POLLHUP | POLLERR);
	return true;
}

static void disconnect(struct port *port)
{
	port->connected = false;
	forget(port);
}

bool port_pump(struct port *port)
{
	bool closed;
	if (!poll_closed(port, &closed))
		return errno == EINTR;
	if (!closed && !port->connected) {
		port->connected = true;
		forget(port);
		port->events->connected(port->context);
	}
	while (port->connected) {
		if (closed) /* what it asked before it went is done; nobody reads the answer */
			port->out_length = port->out_start = 0;
		flush(port);
		deliver(port, 0);
		if (!room_for_answer(port)) {
			if (closed)
				continue;
			return true; /* the host's next read makes the port writable: that wakes us
			              */
		}
		size_t had = port->in_length;
		ssize_t n = read(port->fd, port->in + had, sizeof(port->in) - had);
		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0 && errno == EAGAIN && !closed)
			return true;
		if (n < 0 && errno == ENODEV)
			return false;
		if (n <= 0) {
			disconnect(port);
			return true;
		}
		port->in_length += (size_t)n;
		deliver(port, had);
	}
	return true;
}

bool port_send(struct port *port, const char *text, size_t length)
{
	if (!port->connected || length > PORT_LINE_MAX ||
	    length + 1 > PORT_OUT_MAX - port->out_length)
		return false;
	if (port->out_start + port->out_length + length + 1 > PORT_OUT_MAX) {
		memmove(port->out, port->out + port->out_start, port->out_length);
		port->out_start = 0;
	}
	char *end = port->out + port->out_start + port->out_length;
	memcpy(end, text, length);
	end[length] = '\n';
	port->out_length += length + 1;
	flush(port);
	return true;
}

void port_drain(struct port *port, int timeout_ms)
{
	for (int waited = 0; port->connected && port->out_length > 0 && waited < timeout_ms;
	     waited += 10) {
		struct pollfd p = {.fd = port->fd, .events = POLLOUT};
		if (poll(&p, 1, 10) > 0 && (p.revents & POLLHUP))
			return;
		flush(port);
	}
}
