/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A connection to libvirt's daemon, opened anew when it was lost. Every call blocks for as long as
 * the daemon takes; any thread, several at once.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>

#include "common/cleanup.h"
#include "qvisor/libvirt_domain.h"
#include "qvisor/qemu_limits.h"

struct libvirt_connection;

struct libvirt_about {
	const char *uri;
	char *version; /* of the daemon: "11.3.0" */
	struct libvirt_security security;
};

/* `uri` outlives it. QVMI_ERROR_UNAVAILABLE when nobody answers, QVMI_ERROR_INVALID when it is not
 * QEMU's driver or another machine's. */
struct libvirt_connection *libvirt_connection_open(const char *uri, GError **error);
void libvirt_connection_free(struct libvirt_connection *connection);
/* As it was when it was opened first. */
const struct libvirt_about *libvirt_connection_about(const struct libvirt_connection *connection);

/* Starts a transient domain, its processors paused, in a control group with these limits where the
 * daemon has any; with `child` libvirt destroys it when this connection ends. */
bool libvirt_connection_create(struct libvirt_connection *connection, const char *xml,
    const struct qemu_limits *limits, bool child, GError **error);
/* Whether it has, as far as one that was started tells; a daemon without privileges has none. */
bool libvirt_connection_limits(const struct libvirt_connection *connection);
/* QVMI_ERROR_NOT_FOUND when there is none. */
bool libvirt_connection_destroy(
    struct libvirt_connection *connection, const char *uuid, GError **error);
/* Names (char *) of those that run. Caller unrefs. */
GPtrArray *libvirt_connection_list(struct libvirt_connection *connection, GError **error);

DEFINE_CLEANUP(libvirt_connection);
