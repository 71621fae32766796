/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A stream over a WebSocket: the concatenation of its binary messages. */
#pragma once

#include "common/http_server.h"
#include "mtp-server/stream.h"

/* For a socket that is being opened; the three below are its events. */
struct stream *websocket_stream_new(struct http_socket *socket);
void websocket_stream_receive(
    struct http_socket *socket, const void *bytes, size_t n, bool binary, void *stream);
void websocket_stream_writable(struct http_socket *socket, void *stream);
void websocket_stream_close(struct http_socket *socket, void *stream);
