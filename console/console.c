/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "console/console.h"

#include "console/administrator.h"
#include "console/forward.h"

#define MAX_BODY (64 * 1024) /* forms only */

/* Thumbnails and data come from this origin, nothing inline, no frame around the page. */
#define CONTENT_SECURITY_POLICY                                                                    \
	"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "    \
	"connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

struct console *console_new(const struct console_options *options, GError **error)
{
	AUTO(console) console = g_new0(struct console, 1);
	console->broker = http_client_new(&options->broker, error);
	if (!console->broker)
		return NULL;
	console->pool = http_client_new(&options->pool, error);
	if (!console->pool)
		return NULL;
	console->administrators = administrators_new(console->broker);
	console->server = http_server_new(forward_routes, console);
	http_server_set_max_body(console->server, MAX_BODY);
	if (options->web_folder)
		http_server_serve_folder(
		    console->server, options->web_folder, CONTENT_SECURITY_POLICY);
	return g_steal_pointer(&console);
}

void console_free(struct console *console)
{
	if (!console)
		return;
	/* The clients first: their callbacks answer requests of the server. */
	http_client_free(console->broker);
	http_client_free(console->pool);
	http_server_free(console->server);
	administrators_free(console->administrators);
	g_free(console);
}
