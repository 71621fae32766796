/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The broker's audit log, checked from outside: every record is asked for, and what follows from
 * the texts is compared with the hashes and with the heads that were signed and kept elsewhere.
 */
#pragma once

#include <glib.h>
#include <stdint.h>

#include "common/cleanup.h"
#include "common/grant_key.h"
#include "common/http_client.h"

struct audit_log_check {
	int64_t records;
	unsigned heads;    /* that vouch for records */
	unsigned strange;  /* heads of a key that is not known (any more) */
	GPtrArray *broken; /* char *: what does not hold */
};

/* `heads_file`, a line a head, checked by `keys`; both NULL: the records alone, which do not tell
 * whether the end is missing. NULL with error: it could not be asked or read. Caller frees. */
struct audit_log_check *audit_log_check(struct http_client *broker, const char *heads_file,
    const struct grant_key *keys, GError **error);
void audit_log_check_free(struct audit_log_check *check);

DEFINE_CLEANUP(audit_log_check);
