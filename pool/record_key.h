/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Idempotency keys (I3): which lease or phone a key has led to. Written in the transaction that
 * records the subject, so a key is there exactly when its subject is; forgotten after a day.
 */
#pragma once

#include <glib.h>
#include <stdbool.h>
#include <stdint.h>

#include "common/database.h"

#define REQUEST_KEY_MAX_LENGTH 128

/* Printable ASCII, bounded. QVMI_ERROR_INVALID. */
bool request_key_check(const char *key, GError **error);

/* What the key has led to, NULL without error when it is new. QVMI_ERROR_INVALID when it came with
 * another request (another digest). Caller frees. */
char *request_key_find(struct database *db, const char *key, const char *digest, GError **error);
/* Inside the subject's transaction. QVMI_ERROR_CONFLICT when the key has led elsewhere. `key` may
 * be NULL: nothing is written. */
bool request_key_insert(struct database *db, const char *key, const char *digest,
    const char *subject, int64_t now, GError **error);
/* An undone subject frees its keys: the request may be tried again. */
bool request_key_release(struct database *db, const char *subject, GError **error);
bool request_key_forget_before(struct database *db, int64_t time, GError **error);
