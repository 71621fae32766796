/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The inside of the HTTP client: http_client.c (main loop, life), http_call.c (one transfer: what
 * is sent, what the answer means). Nobody else includes this. */
#pragma once

#include <curl/curl.h>

#include "common/http_client.h"

struct http_client {
	unsigned references; /* callbacks may free the client that calls them */
	bool closed;
	char *base, *unix_path, *ca_file, *certificate_file, *key_file, *bearer, *name;
	unsigned timeout_ms;
	size_t max_answer;
	CURLM *multi;
	guint timer;
	GPtrArray *calls; /* pending */
};

/* One call, from http_client_call() to its callback. */
struct call {
	struct http_client *client;
	CURL *easy;
	struct curl_slist *headers;
	char *text; /* request body */
	GByteArray *answer;
	bool too_large, redirect;
	char problem[CURL_ERROR_SIZE];
	GCancellable *cancellable;
	gulong cancel_handler;
	guint finish_source;
	http_reply_fn done;
	void *data;
};

/* Takes the request's body. Not started. */
struct call *call_new(struct http_client *client, const struct http_call *request);
void call_free(struct call *call);
/* What came, or the error. Strings are good until the call is freed; json and bytes are to be
 * cleared with call_reply_clear(), also after an error. */
bool call_read_reply(struct call *call, CURLcode result, struct http_reply *reply, GError **error);
void call_reply_clear(struct http_reply *reply);
