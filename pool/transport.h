/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How requests reach one daemon of a host. A table of functions, so that a test can be the host;
 * the real one is common/http_client.h.
 */
#pragma once

#include "common/http_client.h"

struct transport {
	/* As http_client_call(): takes the body, calls back exactly once, never before it has
	 * returned. */
	void (*call)(struct transport *transport, const struct http_call *call,
	    GCancellable *cancellable, http_reply_fn done, void *data);
	/* Calls that are still out end with QVMI_ERROR_CANCELLED. */
	void (*free)(struct transport *transport);
};

/* Who we are to hosts that are reached by TLS; all NULL: UNIX sockets only. */
struct transport_identity {
	const char *ca_file, *certificate_file, *key_file;
};

/* `name` is for messages: "qvisord on host-1". */
struct transport *transport_http_new(
    const char *url, const char *name, const struct transport_identity *identity, GError **error);

static inline void transport_call(struct transport *t, const struct http_call *call,
    GCancellable *cancellable, http_reply_fn done, void *data)
{
	t->call(t, call, cancellable, done, data);
}

static inline void transport_free(struct transport *t)
{
	if (t)
		t->free(t);
}
DEFINE_CLEANUP(transport);
