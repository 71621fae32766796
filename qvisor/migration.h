/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Phones between hosts: this host's end of it. A listener for other hosts, which come with their
 * own certificates (common name "host:ID"), and what we show when we go to them.
 *
 * Nobody comes uninvited: who may order it (the pool, an administrator) has the host that a phone
 * is to come to expect it, and gets a ticket, which the host that it leaves then shows. So a host's
 * stolen key is worth nothing here, either. docs/decisions/160. Main thread.
 */
#pragma once

#include <json-glib/json-glib.h>
#include <openssl/types.h>

#include "common/cleanup.h"
#include "common/config.h"
#include "qvisor/host.h"

struct migration;

/* Listens. NULL without error when there is no migration.address: phones neither come nor leave. */
struct migration *migration_open(struct host *host, const struct config *config, GError **error);
/* Those that come are given up. */
void migration_free(struct migration *migration);
/* Our certificate as a host's. */
SSL_CTX *migration_certificate(const struct migration *migration);

/* The phone may come from that host within EXPECT_S: {"ticket", "to": "HOST:PORT"}; again the same
 * while nobody has come. QVMI_ERROR_CONFLICT when we have such a phone. Caller unrefs. */
JsonNode *migration_expect(
    struct migration *migration, const char *uuid, const char *from, GError **error);

DEFINE_CLEANUP(migration);
