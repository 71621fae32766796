/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The administrators' front: their page, and the part of the broker's and the pool's APIs that it
 * needs, each request made with the rights of the administrator who sits there.
 *
 * Nothing is stored. Main thread only.
 */
#pragma once

#include "common/cleanup.h"
#include "common/http_client.h"
#include "common/http_server.h"

struct administrators;

struct console {
	struct http_server *server;
	struct http_client
	    *broker; /* over its admin socket: sign-ins carry the terminal's address */
	struct http_client *pool;
	struct administrators *administrators;
};

struct console_options {
	struct http_client_options broker, pool;
	const char *web_folder; /* NULL: no page */
};

/* Everything but the listeners. */
struct console *console_new(const struct console_options *options, GError **error);
void console_free(struct console *console);

DEFINE_CLEANUP(console);
