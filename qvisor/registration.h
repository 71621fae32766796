/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells the pool that this host is there, and where: POST /v1/hosts by mutual TLS, at start, every
 * half minute (a pool that has lost or changed its records learns of us again), and every few
 * seconds while it does not answer. Whether the host is alive the pool finds out by itself: it asks
 * twice a second. What the host is there for (its duty) is the pool's, and never said from here.
 *
 * The certificate's common name is "host:ID" (common/host_certificate.h). Main thread.
 */
#pragma once

#include <json-glib/json-glib.h>

#include "common/cleanup.h"
#include "common/config.h"

struct registration;

/* Begins at once. NULL without error when there is no pool.url; NULL with QVMI_ERROR_INVALID when
 * something else in [pool] is missing. */
struct registration *registration_new(
    const char *host_id, const struct config *config, GError **error);
void registration_free(struct registration *registration);

/* {"url", "registered", "problem"} for GET /v1/host; NULL: registers nowhere. */
JsonNode *registration_json(const struct registration *registration);

DEFINE_CLEANUP(registration);
