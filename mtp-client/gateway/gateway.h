/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A phone for a terminal that has only a standard viewer of another protocol: signs in, gets the
 * phone as any MTP client does, and shows it to one viewer who knows the one-time code that is
 * printed. It ends when the viewer leaves. What the protocol needs is a table of functions.
 * Main thread; GLib's default context.
 */
#pragma once

#include <glib.h>

#include "mtp-client/core/picture.h"
#include "mtp-client/gateway/one_time_code.h"
#include "mtp-client/sdl/input.h"

/* Where the viewer comes in, and what it may touch; all of it outlives the server. */
struct gateway_door {
	const char *address; /* IPv4, of the interface */
	uint16_t port;
	struct input *input; /* what the viewer does goes here */
	struct one_time_code *code;
	/* The viewer who was let in has gone; or (false) nobody can be let in any more. */
	void (*ended)(bool let_in, void *data);
	/* The viewer's screen has this size: the host may scale the picture to it. */
	void (*terminal)(uint16_t width, uint16_t height, void *data);
	void *data;
};

struct gateway_server;

struct gateway_protocol {
	const char *name; /* "VNC" */
	const char *program, *summary;
	const char *colon;    /* between address and port, as its viewers have it */
	uint16_t port;        /* unless another is asked for */
	unsigned code_length; /* characters */
	/* Listens. QVMI_ERROR_INVALID: the address; QVMI_ERROR_UNAVAILABLE: the port. The picture
	 * stays the caller's and outlives the server. */
	struct gateway_server *(*open)(
	    const struct gateway_door *door, const struct picture *picture, GError **error);
	void (*close)(struct gateway_server *server); /* takes NULL */
	bool (*has_viewer)(const struct gateway_server *server);
	/* The picture has damage, or a new size. */
	void (*show)(struct gateway_server *server, const struct picture *picture);
};

/* The program: returns its exit code. */
int gateway_main(const struct gateway_protocol *protocol, int argc, char **argv);
