/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pool/transport.h"

struct transport_http {
	struct transport transport;
	struct http_client *client;
};

static void http_call(struct transport *transport, const struct http_call *call,
    GCancellable *cancellable, http_reply_fn done, void *data)
{
	struct transport_http *t = (struct transport_http *)transport;

	http_client_call(t->client, call, cancellable, done, data);
}

static void http_free(struct transport *transport)
{
	struct transport_http *t = (struct transport_http *)transport;

	http_client_free(t->client);
	g_free(t);
}

struct transport *transport_http_new(
    const char *url, const char *name, const struct transport_identity *identity, GError **error)
{
	struct http_client_options options = {
	    .base_url = url,
	    .ca_file = identity->ca_file,
	    .certificate_file = identity->certificate_file,
	    .key_file = identity->key_file,
	    .name = name,
	};
	struct http_client *client = http_client_new(&options, error);
	struct transport_http *t;

	if (!client)
		return NULL;
	t = g_new0(struct transport_http, 1);
	t->transport = (struct transport){http_call, http_free};
	t->client = client;
	return &t->transport;
}
