/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the HTTP server share; nobody else includes this.
 *
 * http_server.c      the server, its listeners, accepting
 * http_connection.c  one connection: lws' callbacks, reading a request, writing its answer
 * http_linger.c      the end of one that was refused while it still sent
 * http_request.c     what a handler asks of a request and answers to it
 * http_route.c       path to handler, built-in paths
 * http_static.c      files of a folder
 * http_socket.c      one WebSocket
 *
 * One lws_context a listener: a context shares server names, and with them TLS settings, between
 * all its virtual hosts on one port, and a listener with mutual TLS must never answer by the
 * settings of another.
 */
#pragma once

#include <libwebsockets.h>
#include <openssl/ssl.h>

#include "common/http_server.h"

#define HTTP_HEADER_MAX 16384
#define HTTP_CONNECTIONS_MAX 4096
#define HTTP_ARRIVAL_S 30 /* for a request to arrive; for a stalled reader to go on */
#define HTTP_KEEP_ALIVE_S 75
#define HTTP_CHUNK 32768
#define HTTP_PARAMETERS_MAX 8

struct http_server {
	const struct http_route *routes;
	http_guard guard;       /* NULL: none */
	http_observer observer; /* NULL: none */
	void *data;
	GPtrArray *listeners;
	GPtrArray *orphans;              /* struct http_request *, held, whose clients are gone */
	struct lws_protocols *protocols; /* [0] HTTP, then one a WebSocket subprotocol */
	GMainLoop *loop;                 /* never run: carries the context for lws */
	bool ready;
	size_t max_body;
	char *folder, *content_security_policy;
};

struct http_listener {
	struct http_server *server;
	struct lws_context *context;
	struct lws_vhost *vhost;
	SSL_CTX *client_tls; /* empty: spares lws loading the system's authorities for a client */
	int kind;            /* of its peers */
	int fd;
	guint accept_source;
	char *unix_path, *address;
	uint16_t port;
	GPtrArray *connections; /* owned */
	GPtrArray *lingering;   /* owned; http_linger.c */
};

struct http_connection {
	struct http_listener *listener;
	struct lws *wsi;
	struct http_peer peer; /* strings owned */
	struct http_request *request;
	struct http_socket *socket;
	GSource *watch; /* while an answer is pending: notices that the peer goes */
};

struct http_request {
	struct http_server *server;         /* NULL: it has ended, after the client */
	struct http_connection *connection; /* NULL: the client is gone */
	struct http_peer peer;              /* copy; strings owned */
	const char *method;                 /* static */
	const struct http_route *route;     /* NULL: not found yet */
	void *note;
	GDestroyNotify note_free;
	char *path;
	GHashTable *query, *headers;
	struct {
		const char *name; /* in the route's pattern, not terminated: n_name */
		size_t n_name;
		char *value;
	} parameters[HTTP_PARAMETERS_MAX];
	unsigned n_parameters;

	GByteArray *collecting;
	size_t content_length;
	gint64 started;
	GBytes *body;
	JsonNode *json;

	GCancellable *cancellable;
	bool dispatched, held, answered;
	bool close_after; /* what follows on the connection cannot be told apart from a body */

	unsigned status;
	GString *answer_headers;
	GBytes *answer; /* NULL: none */
	size_t offset;  /* of what is sent of `answer` */
	bool head_sent;
};

/* http_connection.c */
int http_connection_callback(
    struct lws *wsi, enum lws_callback_reasons reason, void *user, void *in, size_t n);
void http_connection_free(struct http_connection *connection);
void http_connection_watch(struct http_connection *connection);
/* Runs lws' idle pass: what was scheduled from outside of its callbacks gets its timer. */
void http_connection_kick(struct http_connection *connection);

/* http_linger.c */
struct lingering;
/* To be called before lws closes the connection. */
void http_linger(struct http_connection *connection);
void http_linger_end(struct lingering *lingering);

/* http_head.c */
/* Caller frees; NULL: no method that we know. */
struct http_request *http_head_read(struct http_connection *connection, struct lws *wsi);
/* False: the length is not to be believed. */
bool http_head_read_length(struct http_request *request, struct lws *wsi);

/* http_request.c */
struct http_request *http_request_new(struct http_connection *connection, const char *method);
void http_request_free(struct http_request *request);
void http_request_gone(struct http_request *request); /* the connection ended; may free */
GString *http_request_head(const struct http_request *request);

/* http_route.c: finds and runs the handler, or answers itself. */
void http_route_dispatch(struct http_request *request);
/* The "WS" route for the path, with its parameters in the request; or NULL. */
const struct http_route *http_route_socket(struct http_request *request);

/* http_static.c: false when there is no such file. */
bool http_static_serve(struct http_request *request);

/* http_socket.c */
/* Asks the route's `open`. */
bool http_socket_accept(struct http_connection *connection, const struct http_route *route,
    struct http_request *request, GError **error);
int http_socket_established(struct http_connection *connection);
int http_socket_receive(struct http_connection *connection, const void *bytes, size_t n);
int http_socket_writable(struct http_connection *connection);
void http_socket_closed(struct http_connection *connection);
