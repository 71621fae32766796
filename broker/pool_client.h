/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the broker asks of poold. Asynchronous, on the default main context; errors are in the words
 * that the user who waits shall read, with the cause logged once here.
 */
#pragma once

#include <gio/gio.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/http_client.h"

#define POOL_WAIT_S 120 /* for a phone, from asking to running */
#define POOL_AWAY_S 8   /* of it, for a poold that does not answer: one that is being restarted */

struct pool_client;
struct pool_client *pool_client_new(const struct http_client_options *options, GError **error);
void pool_client_free(struct pool_client *client); /* pending calls: QVMI_ERROR_CANCELLED */

/* A phone that a user holds, and where its screen is to be had. */
struct pool_lease {
	const char *id, *phone;  /* phone: uuid */
	const char *host;        /* the grant's audience */
	const char *mtp_address; /* "" or a wildcard: as the terminal reached the broker */
	uint16_t mtp_port, websocket_port;
	bool fresh; /* allocated by this call */
};

/* `lease` is valid during the callback; NULL when `error` is set. */
typedef void (*pool_lease_fn)(const struct pool_lease *lease, const GError *error, void *data);

/* Allocates a phone of `pool` for `user`, or finds the one he holds, and waits until it runs.
 * QVMI_ERROR_EXHAUSTED: all are taken; QVMI_ERROR_UNAVAILABLE: poold is away. */
void pool_client_allocate(struct pool_client *client, const char *user, const char *pool,
    const char *idempotency_key, GCancellable *cancellable, pool_lease_fn done, void *data);

/* The live lease by which `user` holds `phone`. QVMI_ERROR_CONFLICT: he holds it no longer, or
 * it does not run. */
void pool_client_find(struct pool_client *client, const char *user, const char *pool,
    const char *phone, GCancellable *cancellable, pool_lease_fn done, void *data);

typedef void (*pool_done_fn)(const GError *error, void *data);
void pool_client_launch(struct pool_client *client, const char *phone, const char *application,
    GCancellable *cancellable, pool_done_fn done, void *data);

/* Cuts a viewer off. QVMI_ERROR_NOT_FOUND: nobody looks by this session. */
void pool_client_end_stream(struct pool_client *client, const char *phone, const char *session,
    GCancellable *cancellable, pool_done_fn done, void *data);

DEFINE_CLEANUP(pool_client);
