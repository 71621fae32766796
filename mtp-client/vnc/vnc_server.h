/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The phone's picture for one standard VNC viewer (RFC 6143, by libvncserver), let in by a one-time
 * code. It borrows the client core's picture and so copies nothing. Main thread; GLib's default
 * context.
 */
#pragma once

#include <glib.h>

#include "common/cleanup.h"
#include "mtp-client/core/picture.h"
#include "mtp-client/sdl/input.h"
#include "mtp-client/vnc/one_time_code.h"

struct vnc_server;

struct vnc_server_options {
	const char *address; /* IPv4, of the interface */
	uint16_t port;
	struct input *input; /* what the viewer does goes here */
	struct one_time_code *code;
	/* The viewer who was let in has gone; or (false) nobody can be let in any more. */
	void (*ended)(bool let_in, void *data);
	void *data;
};

/* Listens. QVMI_ERROR_INVALID: the address; QVMI_ERROR_UNAVAILABLE: the port. The picture stays the
 * caller's and outlives the server. */
struct vnc_server *vnc_server_new(
    const struct vnc_server_options *options, const struct picture *picture, GError **error);
void vnc_server_free(struct vnc_server *server);

bool vnc_server_has_viewer(const struct vnc_server *server);
/* Tells the viewer of the picture's damage, or of its new size. */
void vnc_server_show(struct vnc_server *server, const struct picture *picture);

DEFINE_CLEANUP(vnc_server);
