/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The line the agent talks to its host on: a virtio-serial port (or, in tests, any stream socket),
 * cut into lines.
 *
 * One thread. Nothing here blocks: port_pump() is called whenever the descriptor's edge-triggered
 * epoll event fires. Edge-triggered because a port whose host end is closed reports POLLHUP for as
 * long as it stays closed, and a level-triggered wait would spin on it; the driver wakes waiters
 * once on each open and close (Linux drivers/char/virtio_console.c, VIRTIO_CONSOLE_PORT_OPEN).
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#define PORT_LINE_MAX 65536              /* bytes in one line without its LF, either way */
#define PORT_OUT_MAX (4 * PORT_LINE_MAX) /* bytes that wait for the host to read them */

struct port_events {
	void (*connected)(void *context); /* the host's end is open (again); what was half received
	                                     or unsent is forgotten */
	void (*line)(void *context, const char *text,
	    size_t length); /* one line without its LF; not NUL-terminated */
	void (*overlong)(
	    void *context); /* a line was longer than PORT_LINE_MAX and is skipped up to its LF */
};

struct port {
	int fd; /* owned, non-blocking; -1 when closed */
	bool connected;
	bool skipping; /* inside a line that is too long */
	const struct port_events *events;
	void *context;
	size_t in_length;
	size_t out_start;
	size_t out_length;
	char in[PORT_LINE_MAX + 1];
	char out[PORT_OUT_MAX];
};

/* Finds the virtio-serial port called name below sysfs (normally "/sys/class/virtio-ports"),
 * without needing udev's links, and opens "<dev>/vportNpM". Returns a non-blocking descriptor, or
 * -1 with errno (ENOENT when this machine has no such port). */
int port_open(const char *sysfs, const char *dev, const char *name);

/* Takes fd over and makes it non-blocking. events and context must outlive the port. */
void port_init(struct port *port, int fd, const struct port_events *events, void *context);
void port_finish(struct port *port);

/* Does everything that can be done now: notices open and close, delivers lines, writes what waits.
 * While the host leaves too little room for an answer no further line is read, so a host that asks
 * without listening is slowed down, not served from ever more memory. False when the device itself
 * is gone. */
bool port_pump(struct port *port);

/* Queues one line (LF is added). False, and nothing queued, when nobody listens, the text is too
 * long, or PORT_OUT_MAX is used up. */
bool port_send(struct port *port, const char *text, size_t length);

/* Waits at most timeout_ms for the queue to empty: for an answer that has to leave before the
 * machine goes off. */
void port_drain(struct port *port, int timeout_ms);
