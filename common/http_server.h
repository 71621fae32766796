/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP/1.1 server with WebSocket (RFC 9112, RFC 6455) on libwebsockets and GLib's default main
 * context. Listens on a UNIX socket, on TCP with TLS 1.3, on TCP with mutual TLS, or on plain TCP
 * bound to loopback.
 *
 * Everything runs in the main thread. Limits: header 16 KiB, body `max_body` (413 beyond), 1024
 * connections a listener, 30 s for a request to arrive. Errors go out as application/problem+json
 * (RFC 9457). Built in: GET /healthz, /readyz (200 or 503 by http_server_set_ready), /metrics
 * (common/metrics.h; over TLS without client certificate from loopback only).
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

struct http_server;
struct http_request; /* borrowed by the handler until it has answered; see http_request_hold() */
struct http_socket;  /* one WebSocket */

/* Who is at the other end, told by kernel or TLS, never by the peer's own words. */
struct http_peer {
	enum { HTTP_PEER_UNIX, HTTP_PEER_TLS, HTTP_PEER_MUTUAL_TLS, HTTP_PEER_PLAIN } kind;
	uint32_t uid; /* HTTP_PEER_UNIX: SO_PEERCRED */
	const char
	    *name; /* HTTP_PEER_MUTUAL_TLS: subject common name of the verified certificate */
	const char *address; /* textual IP address, "" for UNIX */
};

typedef void (*http_handler)(struct http_request *request, void *data);

struct http_route {
	const char *method;  /* "GET" ...; "WS" for a WebSocket upgrade */
	const char *pattern; /* "/v1/phones/{uuid}/start": {name} matches one non-empty segment */
	http_handler handler;
	const struct http_socket_events
	    *socket; /* "WS" only: events of the socket that is accepted */
};

/* Listener options; strings are copied. Exactly one of unix_path and address is set. */
struct http_listen {
	const char *unix_path; /* made with mode 0600 (or `unix_mode`); a stale socket file that
	                          nobody listens on is replaced */
	unsigned unix_mode;
	const char *address; /* "127.0.0.1", "0.0.0.0", "::" */
	uint16_t port;       /* 0: the kernel chooses, see http_server_port() */
	const char *certificate_file,
	    *key_file; /* PEM; NULL: plain HTTP, which is refused unless address is loopback */
	const char
	    *client_ca_file; /* set: clients must show a certificate of this CA (mutual TLS) */
};

/* `routes` ends with a route whose method is NULL and outlives the server. A path under no route
 * tries `static_folder` (see http_server_serve_folder) and then answers 404; a known path with
 * another method 405. */
struct http_server *http_server_new(const struct http_route *routes, void *data);
/* Asked before each request that a route is for: false with an error refuses it. Once, before
 * listening. WebSockets have their `open`. */
typedef bool (*http_guard)(
    struct http_request *request, const struct http_route *route, GError **error);
void http_server_set_guard(struct http_server *server, http_guard guard);
/* Told of each request that a route is for, once it has been answered. Once, before listening. */
typedef void (*http_observer)(struct http_request *request, unsigned status);
void http_server_set_observer(struct http_server *server, http_observer observer);
void http_server_free(struct http_server *server); /* closes listeners and connections */
bool http_server_listen(
    struct http_server *server, const struct http_listen *listen, GError **error);
uint16_t http_server_port(const struct http_server *server,
    const char *address); /* of the listener bound to this address */
void http_server_set_ready(struct http_server *server, bool ready);
void http_server_set_max_body(struct http_server *server, size_t bytes); /* default 1 MiB */
/* Serves files below `folder` (index.html for "/"), with types, ETag, nosniff, and the
 * Content-Security-Policy given. */
void http_server_serve_folder(
    struct http_server *server, const char *folder, const char *content_security_policy);

/* --- the request, in a handler --- */
const struct http_peer *http_request_peer(struct http_request *request);
const char *http_request_path(struct http_request *request);
/* Its route; NULL: none has been found. http_server_new's data. */
const struct http_route *http_request_route(struct http_request *request);
void *http_request_server_data(struct http_request *request);
/* Whatever goes along with it until it is answered. */
void http_request_set_note(struct http_request *request, void *note, GDestroyNotify note_free);
void *http_request_note(struct http_request *request);
const char *http_request_parameter(
    struct http_request *request, const char *name); /* {name} of the pattern, percent-decoded */
const char *http_request_query(struct http_request *request, const char *name); /* NULL if absent */
const char *http_request_header(struct http_request *request,
    const char *name); /* lower-case name; NULL if absent. Known: authorization, cookie, origin,
                          host, idempotency-key, user-agent, accept, if-none-match, sec-fetch-site,
                          content-type, x-qvmi-client */
GBytes *http_request_body(struct http_request *request); /* borrowed; empty if none */
/* The body as a JSON object; answers nothing itself. QVMI_ERROR_INVALID with the parser's line when
 * it is not one. Borrowed. */
JsonObject *http_request_json(struct http_request *request, GError **error);

/* A handler answers now, or calls hold and answers later from the main loop. Between the two the
 * client may go away: the request stays valid until answered, answering is then a no-op.
 * `cancellable` is cancelled when the client goes. */
void http_request_hold(struct http_request *request);
GCancellable *http_request_cancellable(struct http_request *request);

/* --- answers: exactly one a request --- */
void http_request_add_header(
    struct http_request *request, const char *name, const char *value); /* before answering */
void http_respond_json(
    struct http_request *request, unsigned status, JsonNode *node); /* takes the node */
/* The same of what json_writer.h has written; takes the text. */
void http_respond_json_text(struct http_request *request, unsigned status, GString *text);
void http_respond_bytes(
    struct http_request *request, unsigned status, const char *content_type, GBytes *bytes);
void http_respond_empty(
    struct http_request *request, unsigned status); /* 204, or 202/201 with Location */
void http_respond_error(struct http_request *request,
    const GError *error); /* problem+json; logs 5xx once, with the path */

/* --- WebSocket --- */
struct http_socket_events {
	const char *subprotocol; /* required Sec-WebSocket-Protocol, NULL: none */
	/* Pages of every site may connect: only where nothing that a browser sends by itself (a
	 * cookie) lets a peer in, and pages come from another server. */
	bool any_origin;
	/* May refuse with false + error (answered as problem+json). Origin has been checked: same
	 * host or absent, unless any_origin. Returns the per-socket data in *data. `server_data` is
	 * http_server_new's.
	 */
	bool (*open)(struct http_socket *socket, struct http_request *request, void *server_data,
	    void **data, GError **error);
	void (*receive)(
	    struct http_socket *socket, const void *bytes, size_t n, bool binary, void *data);
	void (*writable)(struct http_socket *socket,
	    void *data); /* queue fell below the low mark; may be NULL */
	void (*close)(struct http_socket *socket, void *data); /* last call; frees data */
};
/* Queues one message. Returns the bytes now queued; the caller stops above its own bound and waits
 * for `writable`. */
size_t http_socket_send(struct http_socket *socket, const void *bytes, size_t n, bool binary);
size_t http_socket_queued(const struct http_socket *socket);
void http_socket_pause(
    struct http_socket *socket, bool paused); /* stop reading from the peer: back-pressure */
void http_socket_close(struct http_socket *socket, unsigned status, const char *reason);
const struct http_peer *http_socket_peer(const struct http_socket *socket);

DEFINE_CLEANUP(http_server);
