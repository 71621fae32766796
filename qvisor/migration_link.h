/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One TLS 1.3 connection between two hosts, each with a certificate of the same authority. Calls
 * block, so each end belongs to one thread at a time; only migration_link_abort() and
 * migration_link_bytes() are for others meanwhile. A peer that the network has lost is an error
 * within LINK_SILENCE_MS.
 *
 * It carries lines of JSON, and bytes that others make: docs/decisions/160.
 */
#pragma once

#include <glib.h>
#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/cleanup.h"

#define LINK_SILENCE_MS 8000
#define LINK_LINE_MAX 65536

struct migration_link;

/* Certificate, its key and the authority of the other side, files in PEM; for both directions.
 * NULL with QVMI_ERROR_INVALID. Caller frees with SSL_CTX_free(). */
SSL_CTX *migration_link_context(
    const char *certificate, const char *key, const char *authority, GError **error);

/* `place`: "HOST:PORT", which the other's certificate has to name. QVMI_ERROR_UNAVAILABLE. */
struct migration_link *migration_link_connect(SSL_CTX *context, const char *place, GError **error);
/* Takes `fd`, a connection that was accepted. */
struct migration_link *migration_link_accept(SSL_CTX *context, int fd, GError **error);
/* Orderly when nothing has failed: what was written arrives, and then the end. */
void migration_link_free(struct migration_link *link);

/* The common name of the other's certificate. */
const char *migration_link_peer(const struct migration_link *link);

bool migration_link_write(struct migration_link *link, const void *bytes, size_t n, GError **error);
/* At least one byte; 0 at the other's orderly end, -1 with error. */
ssize_t migration_link_read(struct migration_link *link, void *bytes, size_t n, GError **error);
bool migration_link_read_all(struct migration_link *link, void *bytes, size_t n, GError **error);
/* "\n" is added; a line that is read has none. Caller frees it. */
bool migration_link_write_line(struct migration_link *link, const char *text, GError **error);
char *migration_link_read_line(struct migration_link *link, GError **error);
/* We write nothing more, and may still read. */
bool migration_link_end(struct migration_link *link, GError **error);

/* Any thread: what blocks fails, and everything after it. */
void migration_link_abort(struct migration_link *link);
/* Any thread: written until now. */
uint64_t migration_link_bytes(const struct migration_link *link);

DEFINE_CLEANUP(migration_link);
