/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HTTP client on libcurl: JSON to another daemon, over its UNIX socket or (mutual) TLS.
 *
 * Asynchronous calls run on GLib's default main context and never block; the synchronous one is for
 * command lines and tests. An answer >= 400 becomes a GError by its problem+json. An unreachable
 * daemon is QVMI_ERROR_UNAVAILABLE and says which. No redirects are followed. Answers are bounded
 * (max_answer).
 */
#pragma once

#include <gio/gio.h>
#include <json-glib/json-glib.h>
#include <stdbool.h>

#include "common/cleanup.h"

struct http_client;

struct http_client_options {
	const char *base_url; /* "unix:/run/qvmi/qvisord.sock" or "https://host:port" or
	                         "http://127.0.0.1:port" */
	const char *ca_file;  /* trust exactly this CA; NULL: the system's */
	const char *certificate_file, *key_file; /* mutual TLS; NULL: none */
	const char *bearer;                      /* token for Authorization; may be NULL */
	unsigned timeout_ms;                     /* whole call; 0: 30 s */
	size_t max_answer;                       /* bytes; 0: 16 MiB */
	const char *name;                        /* for error messages: "qvisord on host-1" */
};

struct http_client *http_client_new(
    const struct http_client_options *options, GError **error); /* copies */
void http_client_free(struct http_client *client); /* pending calls end with QVMI_ERROR_CANCELLED */
void http_client_set_bearer(struct http_client *client, const char *bearer);

struct http_reply {
	unsigned status;
	JsonNode *json; /* NULL unless application/json */
	GBytes *bytes;  /* the body otherwise */
	const char *content_type;
	const char *location; /* where a redirect leads; NULL: none */
};

struct http_call {
	const char *method, *path; /* path with query; segments already escaped (see http_path) */
	JsonNode *body;            /* taken; NULL: none */
	const char *form;          /* in its place: a body as HTML's forms are sent */
	const char *authorization; /* header in place of a bearer; NULL: none */
	bool redirect;             /* to be sent elsewhere is an answer, and no error */
	const char *idempotency_key;
	const char *bearer;  /* for this call; NULL: the client's */
	bool negotiate;      /* with the user's Kerberos ticket (RFC 4559); may wait for the KDC */
	unsigned timeout_ms; /* 0: the client's */
};

/* `reply` is valid during the callback only; NULL when `error` is set. `error` is owned by the
 * caller of the callback. */
typedef void (*http_reply_fn)(const struct http_reply *reply, const GError *error, void *data);
/* `cancellable` may be NULL; when cancelled the callback runs with QVMI_ERROR_CANCELLED. Call's
 * strings are copied. */
void http_client_call(struct http_client *client, const struct http_call *call,
    GCancellable *cancellable, http_reply_fn done, void *data);

/* Synchronous, for programs without a main loop running. Returns the JSON (NULL node with no error
 * for an empty answer: check *error). Caller unrefs. */
JsonNode *http_client_call_sync(
    struct http_client *client, const struct http_call *call, GError **error);
/* Same, for any content. */
GBytes *http_client_fetch_sync(struct http_client *client, const char *path, GError **error);

/* "/v1/phones/%s/start" with every argument percent-escaped as one segment. Only %s. Caller frees.
 */
char *http_path(const char *format, ...) G_GNUC_PRINTF(1, 2);

DEFINE_CLEANUP(http_client);
