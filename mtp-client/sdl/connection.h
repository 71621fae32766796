/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One TLS 1.3 connection (RFC 8446; ALPN "mtp/1", RFC 7301) to a phone's host, and the MTP session
 * on it. Never blocks; runs on GLib's default main context. The host's certificate is verified
 * against the authority and the host's name before the grant is sent.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "mtp-client/core/session.h"

struct connection;

struct connection_options {
	const char *host;
	uint16_t port;
	const char *ca_file;         /* NULL: the system's */
	struct mtp_session *session; /* started (HELLO in its output); outlives the connection */
	/* The session was fed: look at its state and picture. */
	void (*received)(void *data);
	/* Last call; free the connection later, not from within. `error` is never NULL:
	 * QVMI_ERROR_UNAVAILABLE network or host away, QVMI_ERROR_UNAUTHENTICATED grant refused,
	 * QVMI_ERROR_DENIED certificate not trusted, or ended by an administrator,
	 * QVMI_ERROR_INVALID other version or a broken peer, QVMI_ERROR_NOT_FOUND the phone is
	 * gone, QVMI_ERROR_CANCELLED a normal end. */
	void (*closed)(const GError *error, void *data);
	void *data;
};

/* Begins to connect. */
struct connection *connection_new(const struct connection_options *options, GError **error);
void connection_free(struct connection *connection);

/* Sends what is in the session's output as far as the network takes it; the rest follows by
 * itself. */
void connection_flush(struct connection *connection);

/* The network has changed: is the host still there? If it does not answer at once, the connection
 * is closed with QVMI_ERROR_UNAVAILABLE. */
void connection_probe(struct connection *connection);

DEFINE_CLEANUP(connection);
