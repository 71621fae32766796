/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * mtpd's HTTP API on its UNIX socket, and the WebSocket by which browsers come.
 *
 *   GET    /v1/phones/{uuid}/thumbnail?width=180   image/jpeg
 *   GET    /v1/sessions                            {"sessions":[...]}
 *   DELETE /v1/sessions/{session}                  204
 */
#pragma once

#include "common/http_server.h"
#include "mtp-server/front.h"

struct api {
	struct front *front;
	struct worker_pool *pool;
};

/* For http_server_new() with a struct api as its data; they outlive the server. */
extern const struct http_route api_routes[];       /* the UNIX socket's */
extern const struct http_route websocket_routes[]; /* the terminals' */
